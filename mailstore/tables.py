"""All tables in one place, so that migrations and tests see every one."""

from mailstore import (
    accounts,
    attempts,
    bayes,
    copies,
    deliveries,
    domains,
    events,
    figures,
    keys,
    lanes,
    lessons,
    mailboxes,
    messages,
    packs,
    policies,
    protection,
    refusals,
    reports,
    senders,
    sessions,
    strict,
    tenants,
)
from mailstore.db import Base

MODULES = (
    accounts,
    attempts,
    bayes,
    copies,
    deliveries,
    domains,
    events,
    figures,
    keys,
    lanes,
    lessons,
    mailboxes,
    messages,
    packs,
    policies,
    protection,
    refusals,
    reports,
    senders,
    sessions,
    strict,
    tenants,
)

__all__ = ["MODULES", "Base"]
