"""All tables in one place, so that migrations and tests see every one."""

from mailstore import (
    accounts,
    attempts,
    copies,
    deliveries,
    domains,
    events,
    figures,
    keys,
    lanes,
    mailboxes,
    messages,
    packs,
    policies,
    refusals,
    reports,
    senders,
    sessions,
    tenants,
)
from mailstore.db import Base

MODULES = (
    accounts,
    attempts,
    copies,
    deliveries,
    domains,
    events,
    figures,
    keys,
    lanes,
    mailboxes,
    messages,
    packs,
    policies,
    refusals,
    reports,
    senders,
    sessions,
    tenants,
)

__all__ = ["MODULES", "Base"]
