"""Where somebody is in the quarantine's list: what they look for, in which order, which page.

The address carries it, and each deed leads back there.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import abort, g, request, url_for
from sqlalchemy import ColumnElement, and_

from mailstore.deliveries import Delivery
from mailstore.envelopes import HeldRight, MailClass
from mailstore.heldlist import LONGEST_TEXT, Line, Search, Sort, Wanted
from mailstore.pages import Page
from mailstore.reports import links
from mailstore.rights import SEEN, Rights, of_scope
from portal.auth.paths import own_path
from portal.paging import asked_page, moment, row_id

LIST = "quarantine.index"
SENDERS = "profile_lists.index"
# PostgreSQL takes no text with it.
NUL = "\0"


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _text(text: str) -> str:
    if NUL in text:
        raise ValueError(text)
    return text


# How the value that a list is sorted by is read from an address, and taken from a row.
READS: dict[Sort, Callable[[str], Any]] = {Sort.LIKELY: _number, Sort.AUTHOR: _text}
VALUES: dict[Sort, Callable[[Line], Any]] = {
    Sort.LIKELY: lambda each: each.score,
    Sort.AUTHOR: lambda each: each.message.author_name or each.message.author,
    Sort.ENDS: lambda each: each.held_until,
}


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the list."""

    wanted: Wanted
    sort: Sort
    page: Page
    after: str

    @property
    def args(self) -> dict[str, str]:
        """What an address says of it, the page left out; nothing for what is usual."""
        said = {
            "q": self.wanted.text,
            "class": self.wanted.mail_class or "",
            "mailbox": str(self.wanted.mailbox_id or ""),
            "show": "over" if self.wanted.over else "",
            "sort": "" if self.sort is Sort.NEWEST else self.sort.value,
        }
        return {name: value for name, value in said.items() if value}

    @property
    def url(self) -> str:
        """The address of this very page."""
        more = {"after": self.after} if self.after else {}
        values: dict[str, Any] = self.args | more
        return url_for(LIST, **values)

    def key(self, line: Line) -> tuple[Any, int]:
        """Return where a row stands in the list."""
        of = VALUES.get(self.sort)
        return of(line) if of else line.accepted_at, line.id


def asked_place() -> Place:
    """Return the place that the address asks for: 400 for one there is none of, 404 for foreign."""
    args = request.args
    try:
        sort = Sort(args.get("sort") or Sort.NEWEST)
        mail_class = MailClass(args["class"]) if args.get("class") else None
        mailbox_id = int(args["mailbox"]) if args.get("mailbox") else None
    except ValueError:
        abort(400)
    if mailbox_id is not None and mailbox_id not in (g.scope.mailbox_ids or ()):
        abort(404)
    text = " ".join(args.get("q", "")[:LONGEST_TEXT].replace(NUL, " ").split())
    wanted = Wanted(text, mail_class, mailbox_id, over=args.get("show") == "over")
    page = asked_page(READS.get(sort, moment))
    return Place(wanted, sort, page, args.get("after", ""))


def rights_here() -> Rights:
    """Return what this visitor may do with held mail, looked up once a request."""
    if "rights" not in g:
        g.rights = of_scope(g.db, g.scope)
    rights: Rights = g.rights
    return rights


def seen_here() -> ColumnElement[bool]:
    """Return the condition that this visitor may see a held mail.

    By a link of a report on an unknown device that is no more than the report named.
    """
    seen = rights_here().allow(*SEEN)
    if g.visitor.may_read:
        return seen
    return and_(seen, Delivery.id.in_(links.named_in(g.visitor.link.report_id)))


def may_see(delivery: Delivery) -> bool:
    """Whether this visitor may see one held mail of theirs."""
    if rights_here().to(delivery) is HeldRight.HIDDEN:
        return False
    return g.visitor.may_read or links.names(g.db, g.visitor.link.report_id, delivery.id)


def search_for(wanted: Wanted) -> Search:
    """Return a search of all that this visitor may see."""
    return Search(g.scope, seen_here(), wanted)


def back(anchor: str = "") -> str:
    """Return the list that a deed was asked for on, or the whole list.

    Entries of a sender list are taken back on its own page, too.
    """
    said = urlsplit(own_path(request.values.get("back", "")) or "")
    target = home = url_for(LIST)
    if said.path == home or _is_sender_list(said.path):
        target = f"{said.path}?{said.query}" if said.query else said.path
    return f"{target}#{anchor}" if anchor else target


def back_to_next() -> str:
    """Return the list that a deed was asked for on, at the mail that comes next there."""
    after = following()
    return back(f"m{after}" if after else "")


def carried(target: str) -> str | None:
    """Return what addresses of other pages carry of a place; nothing for the whole list."""
    return None if target == url_for(LIST) else target


def following() -> int:
    """Return the mail that comes next in the list, where an address or a form names it; else 0."""
    return request.values.get("next", 0, row_id)


def _is_sender_list(path: str) -> bool:
    number = path.removeprefix(url_for(SENDERS))
    return number != path and number.isascii() and number.isdigit()
