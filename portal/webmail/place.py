"""Where somebody is in the webmail: a folder or a search, and which page of it.

The address carries it, and each deed leads back there.
"""

from typing import Any
from urllib.parse import urlsplit

from flask import abort, g, redirect, request, url_for

from mailstore import copies, heldlist
from mailstore.deliveries import Delivery
from mailstore.folders import Folder, unread
from portal.auth.paths import own_path
from portal.quarantine.place import rights_here

HOME, FIND = "webmail.index", "find.index"


def url_of(folder: Folder) -> str:
    """Return the address of a folder."""
    return url_for(HOME if folder is Folder.INBOX else f"webmail.{folder.value}")


def here() -> str:
    """Return the address of this very page."""
    return request.full_path.rstrip("?")


def back(anchor: str = "") -> str:
    """Return the list that a mail was opened on, or the inbox."""
    said = urlsplit(own_path(request.values.get("back", "")) or "")
    lists = {url_for(FIND), *map(url_of, Folder)}
    target = url_for(HOME)
    if said.path in lists:
        target = f"{said.path}?{said.query}" if said.query else said.path
    return f"{target}#{anchor}" if anchor else target


def carried(target: str) -> str | None:
    """Return what addresses of other pages carry of a place; nothing for the inbox."""
    return None if target == url_for(HOME) else target


def rail() -> dict[str, Any]:
    """Return what the list of folders shows: how much is unread, and how much is held."""
    held = heldlist.held(g.db, g.scope, rights_here()) if g.visitor.account else 0
    return {"unread": unread(g.db, g.scope), "held": held, "folders": Folder}


def readable() -> None:
    """Send the holder of a link on an unknown device to the code."""
    if not g.visitor.may_read:
        abort(redirect(url_for("code.ask", next=here()), 303))


def received(delivery_id: int) -> Delivery:
    """Return a mail that came to this visitor, or answer 404: what they wrote is its reader's."""
    delivery = found(delivery_id)
    return delivery if copies.is_received(g.scope, delivery) else abort(404)


def found(delivery_id: int) -> Delivery:
    """Return a mail that this visitor may read here, or answer 404."""
    readable()
    return copies.look(g.db, g.scope, delivery_id) or abort(404)
