"""The box of what a visitor did just now: what became of it, and the way to take it back."""

from typing import Any

from flask import g, url_for

from mailstore import bulk, undo
from portal.quarantine.place import LIST, carried

MOST_DEEDS = 5


def recent_box(target: str) -> dict[str, Any]:
    """Return what the box shows on the page with this address, where Undo leads back to."""
    deeds = undo.recent(g.db, g.scope, g.visitor.name, MOST_DEEDS)
    ids = [deed.bulk_id for deed in deeds if deed.bulk_id]
    bulks = bulk.some(g.db, g.scope, ids, g.visitor.name)
    # A bulk deed whose mailboxes are not all this visitor's any more is not told.
    told = [deed for deed in deeds if not deed.bulk_id or deed.bulk_id in bulks]
    return {
        "deeds": told,
        "bulks": bulks,
        "fates": bulk.fates(g.db, bulks.values()),
        "recent_back": carried(target),
        # Pages of mails lead back to a list of mails only.
        "recent_list": carried(target) if target.startswith(url_for(LIST)) else None,
    }
