"""Trying again: how long to wait after a temporary refusal, and when to give up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from sqlalchemy.orm import Session

from mailstore import incidents, pulse
from mailstore.settings import Settings

if TYPE_CHECKING:
    from mailstore.deliveries import Delivery

LONGEST_RETRY = timedelta(seconds=4000)
MOST_DOUBLINGS = 16


@dataclass(frozen=True, slots=True)
class Retries:
    """How long to wait after a temporary refusal, and when to give up."""

    first: timedelta
    give_up: timedelta
    at_most: timedelta

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return how this installation tries again."""
        return cls(
            timedelta(seconds=settings.retry_seconds),
            timedelta(days=settings.give_up_days),
            timedelta(days=settings.outage_days),
        )

    def wait(self, attempts: int) -> timedelta:
        """Return the wait after so many attempts: doubling, 4000 s at most."""
        doublings = min(max(attempts - 1, 0), MOST_DOUBLINGS)
        return min(self.first * (1 << doublings), LONGEST_RETRY)

    def are_over(self, db: Session, delivery: "Delivery", now: datetime) -> bool:
        """Whether a delivery waited for too long; the outages of its next hop do not count.

        Held mail begins to wait when it is released.
        """
        since = delivery.queued_at or delivery.accepted_at
        if now - since <= self.give_up or not pulse.settled(db):
            return False
        return now - since > self.at_most or self._answered(db, delivery, since, now) > self.give_up

    def _answered(
        self, db: Session, delivery: "Delivery", since: datetime, now: datetime
    ) -> timedelta:
        """Return for how long since then the next hop did answer."""
        silent = timedelta()
        for outage in incidents.outages(db, delivery.lane_id, since):
            silent += (outage.ended_at or now) - max(outage.began_at, since)
        return now - since - silent
