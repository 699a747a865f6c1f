"""Leases of deliveries: keeping what is claimed, giving back what was not tried, starting over."""

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


def start_over(db: Session, lane_id: int) -> None:
    """Make all mail of a lane due by its age: its next hop is back, whatever it said before."""
    db.execute(
        update(Delivery)
        .where(Delivery.lane_id == lane_id, Delivery.state == State.QUEUED)
        .where(Delivery.next_attempt_at > ITS_TURN, Delivery.lease_until.is_(None))
        .values(next_attempt_at=ITS_TURN)
        .execution_options(synchronize_session=False)
    )
