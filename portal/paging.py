"""The place in a list, as the address of a page carries it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from flask import abort, request

from mailstore.pages import SIZE, Page

LARGEST_ID = 2**62

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A page of a list and where the next one begins."""

    items: Sequence[T]
    following: str | None


def moment(text: str) -> datetime:
    """Read a moment with its zone, or raise ValueError."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error


def row_id(text: str) -> int:
    """Read the id of a row, or raise ValueError."""
    number = int(text)
    if not 0 <= number < LARGEST_ID:
        raise ValueError(text)
    return number


def asked_page(read: Callable[[str], Any] = moment) -> Page:
    """Return the page that `?after=` asks for, or answer 400; `read` reads the list's order."""
    text = request.args.get("after")
    if not text:
        return Page()
    value, _, last_id = text.rpartition("_")
    try:
        return Page((read(value), row_id(last_id)))
    except ValueError:
        abort(400)


def one_page(found: Sequence[T], place: Callable[[T], tuple[Any, int]]) -> Listing[T]:
    """Return one page of what was found; `place` is where a row stands in the list."""
    items = found[:SIZE]
    if len(found) <= SIZE:
        return Listing(items, None)
    value, row_id = place(items[-1])
    written = value.isoformat() if isinstance(value, datetime) else str(value)
    return Listing(items, f"{written}_{row_id}")
