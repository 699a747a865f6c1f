"""The place in a list, as the address of a page carries it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import abort, request

from mailstore.deliveries import Delivery
from mailstore.pages import SIZE, Page

LARGEST_ID = 2**62


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list and where the next one begins."""

    items: Sequence[Delivery]
    following: str | None


def asked_page() -> Page:
    """Return the page that `?after=` asks for, or answer 400."""
    text = request.args.get("after")
    if not text:
        return Page()
    moment, _, last_id = text.partition("_")
    try:
        at, number = datetime.fromisoformat(moment), int(last_id)
    except ValueError:
        abort(400)
    if at.tzinfo is None or not 0 <= number < LARGEST_ID:
        abort(400)
    return Page((at, number))


def listing(found: Sequence[Delivery]) -> Listing:
    """Return one page of what was found, which is one more than fits if more follow."""
    items = found[:SIZE]
    if len(found) <= SIZE:
        return Listing(items, None)
    last = items[-1]
    return Listing(items, f"{last.accepted_at.isoformat()}_{last.id}")
