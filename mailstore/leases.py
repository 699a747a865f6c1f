"""Leases of deliveries: keeping what a worker has claimed, and giving back what it did not try."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from mailstore import clock
from mailstore.deliveries import ITS_TURN, Delivery, State


def extend(db: Session, deliveries: Iterable[Delivery], *, lease: timedelta) -> None:
    """Keep claimed deliveries for longer, those whose lease was not lost."""
    until = clock.now() + lease
    for delivery in deliveries:
        db.execute(
            update(Delivery)
            .where(Delivery.id == delivery.id, Delivery.fence == delivery.fence)
            .where(Delivery.state == State.QUEUED, Delivery.lease_until.is_not(None))
            .values(lease_until=until)
            .execution_options(synchronize_session=False)
        )


def put_back(db: Session, deliveries: Iterable[Delivery]) -> None:
    """Return claimed deliveries that were never tried, as if they had not been claimed."""
    for delivery in deliveries:
        db.execute(
            update(Delivery)
            .where(Delivery.id == delivery.id, Delivery.fence == delivery.fence)
            .where(Delivery.state == State.QUEUED)
            .values(attempts=Delivery.attempts - 1, lease_until=None, next_attempt_at=ITS_TURN)
            .execution_options(synchronize_session=False)
        )
