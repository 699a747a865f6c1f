"""Tenants: the customers, each with its own language, zone, retention and mail."""

from collections.abc import Set
from datetime import datetime
from enum import StrEnum
from functools import cache
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import ForeignKey, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events
from mailstore.db import Base, PrimaryKey
from mailstore.envelopes import Policy
from mailstore.errors import BadName, NotFound

KEEP_DAYS = 7
HELD_DAYS = 30
PIN_DAYS = 30
LONGEST_DAYS = 3650
LONGEST_NAME = 100
LANGUAGES = ("de", "fr", "it", "en")


class Guard(StrEnum):
    """When a deed by a report link on an unknown device asks for the report's code."""

    GUARD = "guard"
    ALWAYS = "always"
    NEVER = "never"


class TenantState(StrEnum):
    """Whether mail flows: not yet, or not any more, senders are asked to come again later."""

    PREPARING = "preparing"
    LIVE = "live"
    SUSPENDED = "suspended"


class Tenant(Base):
    """A customer."""

    __tablename__ = "tenants"

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(unique=True)
    state: Mapped[TenantState] = mapped_column(default=TenantState.LIVE)
    state_since: Mapped[datetime] = mapped_column(default=clock.now)
    state_reason: Mapped[str] = mapped_column(default="")
    state_before: Mapped[TenantState | None]
    language: Mapped[str] = mapped_column(default="de")
    zone: Mapped[str] = mapped_column(default="Europe/Zurich")
    policy_id: Mapped[int] = mapped_column(ForeignKey("policies.id"))
    keep_days: Mapped[int] = mapped_column(default=KEEP_DAYS)
    held_days: Mapped[int] = mapped_column(default=HELD_DAYS)
    pin_days: Mapped[int] = mapped_column(default=PIN_DAYS)
    webmail_on: Mapped[bool] = mapped_column(default=True)
    report_guard: Mapped[Guard] = mapped_column(default=Guard.GUARD)
    webhook_url: Mapped[str] = mapped_column(default="")
    webhook_secret: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    @property
    def zoneinfo(self) -> ZoneInfo:
        """The zone that "nine o'clock" is meant in."""
        return ZoneInfo(self.zone)

    def days_under(self, policy: Policy) -> tuple[int, int]:
        """Return how long mail and held mail is kept for whoever has a policy."""
        return policy.keep_days or self.keep_days, policy.held_days or self.held_days


def named(db: Session, name: str) -> int:
    """Return the id of the tenant with a name; raises NotFound."""
    found = db.scalar(select(Tenant.id).where(Tenant.name == name))
    if found is None:
        raise NotFound(f"There is no tenant '{name}'.")
    return found


def is_live(db: Session, tenant_id: int) -> bool:
    """Whether mail of a tenant flows."""
    return db.get_one(Tenant, tenant_id).state is TenantState.LIVE


def set_webhook(db: Session, tenant_id: int, url: str, secret: str, *, by: str) -> None:
    """Tell a tenant's program of outages, empty for none; raises BadName.

    `secret` is what signs, wrapped by the operator's key ring.
    """
    if url and not _is_web_address(url):
        raise BadName(f"'{url}' is not an address of the web, https://example.com/outages is one.")
    db.execute(
        update(Tenant)
        .where(Tenant.id == tenant_id)
        .values(webhook_url=url, webhook_secret=secret if url else "")
    )
    events.record(db, "webhook_set", tenant_id=tenant_id, by=by, detail={"url": url})


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(host) and port != 0 and not parts.username


def check_language(language: str) -> str:
    """Return a language we speak, or raise BadName."""
    if language not in LANGUAGES:
        raise BadName(f"'{language}' is not one of {', '.join(LANGUAGES)}.")
    return language


def check_zone(zone: str) -> str:
    """Return a name of the IANA zone list, or raise BadName."""
    if zone not in _zones():
        raise BadName(f"'{zone}' is not a time zone; Europe/Zurich is one.")
    return zone


@cache
def _zones() -> Set[str]:
    """Return the names of the zones; finding them means to look at hundreds of files."""
    return available_timezones()


def check_keep_days(days: int) -> int:
    """Return days of retention we can keep, or raise BadName: seven are the promise."""
    if not KEEP_DAYS <= days <= LONGEST_DAYS:
        raise BadName(f"Mail is kept for {KEEP_DAYS} days at least, {LONGEST_DAYS} at most.")
    return days


def check_pin_days(days: int) -> int:
    """Return days that people may keep single mails for, 0 for none, or raise BadName."""
    if not 0 <= days <= LONGEST_DAYS:
        raise BadName(f"Pinned mail is kept for 0 to {LONGEST_DAYS} days.")
    return days


def set_retention(
    db: Session, tenant_id: int, keep_days: int, held_days: int, pin_days: int, *, by: str
) -> None:
    """Keep mail, held mail and pinned mail for so many days; raises BadName for what cannot be.

    It is for mail that comes from now on; `erasure.cuts.change` lets stored mail follow.
    """
    values = {
        "keep_days": check_keep_days(keep_days),
        "held_days": check_keep_days(held_days),
        "pin_days": check_pin_days(pin_days),
    }
    db.execute(update(Tenant).where(Tenant.id == tenant_id).values(**values))
    events.record(db, "retention_set", tenant_id=tenant_id, by=by, detail=values)


def set_guard(db: Session, tenant_id: int, guard: Guard, *, by: str) -> None:
    """Say when a deed by a report link on an unknown device asks for the report's code."""
    db.execute(update(Tenant).where(Tenant.id == tenant_id).values(report_guard=guard))
    events.record(db, "report_guard_set", tenant_id=tenant_id, by=by, detail={"guard": guard.value})


def switch_webmail(db: Session, tenant_id: int, *, on: bool, by: str) -> None:
    """Show retention copies in the emergency webmail, or show none of their content."""
    db.execute(update(Tenant).where(Tenant.id == tenant_id).values(webmail_on=on))
    events.record(db, "webmail_switched", tenant_id=tenant_id, by=by, detail={"on": on})
