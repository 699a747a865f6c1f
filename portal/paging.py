"""The place in a list, as the address of a page carries it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from flask import abort, request

from mailstore.deliveries import Delivery
from mailstore.pages import SIZE, Page

LARGEST_ID = 2**62

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A page of a list and where the next one begins."""

    items: Sequence[T]
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


def listing(found: Sequence[Delivery]) -> Listing[Delivery]:
    """Return one page of deliveries, of which one more than fits was found if more follow."""
    return one_page(found, lambda each: (each.accepted_at, each.id))


def one_page(found: Sequence[T], place: Callable[[T], tuple[datetime, int]]) -> Listing[T]:
    """Return one page of what was found; `place` is where a row stands in the list."""
    items = found[:SIZE]
    if len(found) <= SIZE:
        return Listing(items, None)
    at, row_id = place(items[-1])
    return Listing(items, f"{at.isoformat()}_{row_id}")
