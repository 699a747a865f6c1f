"""Addresses to decide about: those that mail comes for and nobody has, and those without mail."""

from collections.abc import Iterator
from typing import TypeVar

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from mailstore.mailboxes import Mailbox
from mailstore.moving import deeds, knocks, unknown
from mailstore.moving.clashes import said
from mailstore.moving.planning import Options
from mailstore.moving.values import Person
from mailstore.pages import SIZE
from portal.access import for_fresh_manager, for_manager, store
from portal.admin.boxes import foreign, named
from portal.paging import asked_page, one_page, row_id

Chosen = TypeVar("Chosen", str, int)

bp = Blueprint("addresses", __name__, url_prefix="/admin/addresses")

# A commit for so many: whoever waits for the one writer does not wait long.
AT_ONCE = 20
MOST_NAMED = 200
NEW, OLD = ("alias", "person", "shared", "ignore"), ("alias", "shared", "off")


@bp.get("/")
@for_manager
def index() -> str:
    """Show what nobody has, with a guess at what each may be."""
    found = unknown.unknown(g.db, g.realm)
    after = max(0, request.args.get("after", 0, int))
    return render_template(
        "admin/addresses.html",
        found=found[after : after + SIZE],
        total=len(found),
        after=after,
        following=after + SIZE if len(found) > after + SIZE else None,
        people=unknown.known(g.db, g.realm)[:MOST_NAMED] if found else (),
    )


@bp.post("/")
@for_manager
def act() -> Response:
    """Do something with the addresses that are ticked, or with one whose button was pressed."""
    deed, chosen = _wanted(NEW, "a")
    domains = {key: unknown.domain_of(g.db, g.realm, key) for key in chosen}
    if not all(domains.values()):
        abort(404)
    done, troubles = 0, list[str]()
    for part in _parts(chosen):
        with store().write() as db:
            for key in part:
                trouble = _decide(db, key, deed)
                done, troubles = done + (not trouble), troubles + ([trouble] if trouble else [])
    return _told(".index", done, troubles)


@bp.get("/idle")
@for_manager
def idle() -> str:
    """Show the mailboxes that no mail came to for ninety days."""
    found = unknown.idle(g.db, g.realm, asked_page())
    listing = one_page(found, lambda each: (each.heard_at, each.id))
    people = unknown.known(g.db, g.realm)[:MOST_NAMED] if listing.items else ()
    return render_template(
        "admin/idle.html", listing=listing, people=people, days=unknown.IDLE.days
    )


@bp.post("/idle")
@for_fresh_manager
def act_idle() -> Response:
    """Do something with the mailboxes that are ticked, or with one whose button was pressed."""
    deed, chosen = _wanted(OLD, "m")
    ids = _rows(chosen)
    if not all(deeds.one(g.db, g.realm, each) for each in ids):
        abort(404)
    done, troubles = 0, list[str]()
    for part in _parts(ids):
        with store().write() as db:
            for each in part:
                box = deeds.one(db, g.realm, each)
                trouble = _retire(db, box, deed) if box else _("This mailbox is gone.")
                done, troubles = done + (not trouble), troubles + ([trouble] if trouble else [])
    return _told(".idle", done, troubles)


def _wanted(known: tuple[str, ...], name: str) -> tuple[str, list[str]]:
    """Return the deed and what it is for: one with its own button, or all that are ticked."""
    deed, _blank, only = request.form.get("one", "").partition(" ")
    chosen = [only] if only else request.form.getlist(name)[:SIZE]
    deed = deed if only else request.form.get("deed", "")
    if deed not in known:
        abort(400)
    return deed, chosen


def _rows(chosen: list[str]) -> list[int]:
    try:
        return [row_id(each) for each in chosen]
    except ValueError:
        abort(404)


def _parts(chosen: list[Chosen]) -> Iterator[list[Chosen]]:
    for first in range(0, len(chosen), AT_ONCE):
        yield chosen[first : first + AT_ONCE]


def _decide(db: Session, key: str, deed: str) -> str:
    """Do what was chosen for an unknown address; returns why not."""
    by = g.visitor.name
    if deed == "ignore":
        domain = unknown.domain_of(db, g.realm, key)
        if domain is not None:
            knocks.ignore(db, domain, key, by=by)
        return ""
    if deed == "alias":
        to = named(db, _to(key))
        if to is None:
            return _whose(key)
        trouble = deeds.add_alias(db, g.realm, to, key, by=by)
    else:
        person = Person(0, key, name_of(key), shared=deed == "shared")
        _added, trouble = deeds.add(db, g.realm, person, Options(), by=by)
    return said(trouble, _) if trouble else ""


def _retire(db: Session, box: Mailbox, deed: str) -> str:
    """Do what was chosen for a mailbox without mail; returns why not."""
    by, done = g.visitor.name, True
    if deed == "shared":
        deeds.make_shared(db, box, shared=True, by=by)
    elif deed == "off":
        done = deeds.switch_off(db, box, by=by)
    else:
        to = named(db, _to(str(box.id)))
        if to is None:
            return _whose(box.address)
        if others := deeds.beyond(db, g.realm, box):
            return foreign(min(others))
        done = deeds.merge(db, box, to, by=by)
    return "" if done else str(_("%(address)s stays as it is.", address=box.address))


def _whose(address: str) -> str:
    return str(_("Say whose alias %(address)s is: an address that is here.", address=address))


def _to(which: str) -> str:
    """Return whose alias something becomes: what stands in its line, or below for all."""
    own = request.form.get(f"to:{which}", "").strip()
    return own or request.form.get("to", "").strip()


def name_of(key: str) -> str:
    """Return the name that an address looks made of, empty where it does not."""
    words = key.partition("@")[0].replace("_", ".").split(".")
    return " ".join(map(str.capitalize, words)) if words[1:] and all(words) else ""


def _told(endpoint: str, done: int, troubles: list[str]) -> Response:
    if done:
        flash(ngettext("%(num)d address is settled.", "%(num)d addresses are settled.", done),
              "success")  # fmt: skip
    for each in troubles[:3]:
        flash(each, "warning")
    if not done and not troubles:
        flash(_("Choose addresses first."), "info")
    return redirect(url_for(endpoint), 303)
