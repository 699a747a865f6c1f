"""The list of a mailbox as a file: taken away for a spreadsheet, and brought back."""

from collections.abc import Sequence
from io import StringIO
from typing import TypeVar

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.wrappers import Response

from mailstore import listfiles, listundo, ownlists, senders
from mailstore.errors import BadName
from mailstore.listfiles import Imported, LeftOut, Planned, TooManyLines
from mailstore.mailboxes import Mailbox
from mailstore.spreadsheets import SEMICOLON
from portal.access import for_user, store
from portal.profile.lists import mine, owner_of, page

bp = Blueprint("profile_files", __name__, url_prefix="/profile/senders")

LARGEST_FILE = 1_000_000
# A commit for so many lines: whoever waits for the one writer does not wait long.
AT_ONCE = 100
MOST_SHOWN = 200
LONGEST_SHOWN = 80
MARK = "\ufeff"
REASONS = {
    "list": _l("“%(text)s” is not a list: it is allowed, blocked or untagged."),
    "sender": _l("“%(text)s” is neither a mail address nor a domain."),
    "proof": _l("“%(text)s” is not a proof: it is dmarc, dkim, spf, arc, any or none."),
    "expires": _l("“%(text)s” is not a date: it looks like 2026-12-31 or 31.12.2026."),
}

T = TypeVar("T")


@bp.get("/<int:mailbox_id>/senders.csv")
@for_user
def export(mailbox_id: int) -> Response:
    """Return the list as a table (CSV), in which a spreadsheet finds no formula."""
    mailbox, out = mine(mailbox_id), StringIO(newline="")
    # Excel takes it for UTF-8 by its mark only, and parts it as Swiss settings have it.
    out.write(MARK)
    own = owner_of(mailbox)
    listfiles.write_lists(g.db, mailbox.tenant_id, out, only=own, between=SEMICOLON)
    answer = Response(out.getvalue(), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename="senders.csv")
    return answer


@bp.post("/<int:mailbox_id>/import")
@for_user
def act(mailbox_id: int) -> str | Response | tuple[str, int]:
    """Enter what a file holds, and say what was left out and why."""
    mailbox = mine(mailbox_id)
    try:
        planned = listfiles.plan(_lines())
    except BadName as error:
        return page(mailbox, wrong=_why(error)), 422
    if not {each.listed for each in planned.wishes} <= ownlists.kinds_of(g.db, mailbox.id):
        return page(
            mailbox,
            wrong=_(
                "Your organisation does not let people enter all of this, so nothing was added."
            ),
        ), 422
    warned = _warned(mailbox, planned)
    done = _entered(mailbox, planned)
    if planned.left_out or warned:
        return render_template(
            "profile/imported.html",
            mailbox=mailbox,
            done=_said(done),
            warned=_shown(warned),
            left_out=_shown([(each.number, _why_left_out(each)) for each in planned.left_out]),
        )
    flash(_said(done), "success")
    return redirect(url_for("profile_lists.show", mailbox_id=mailbox_id), 303)


def _warned(mailbox: Mailbox, planned: Planned) -> list[tuple[str, str]]:
    """Return what to tell of careless entries, each with its address or domain."""
    advised = listfiles.advice_for(g.db, mailbox.tenant_id, planned.wishes)
    return [(pattern, _(each)) for (_list, pattern), said in advised.items() for each in said]


def _why_left_out(line: LeftOut) -> str:
    return str(REASONS[line.column] % {"text": line.text[:LONGEST_SHOWN]})


def _shown(lines: Sequence[T]) -> tuple[Sequence[T], int]:
    """Return the first lines, as many as a page shows, and how many more there are."""
    shown = lines[:MOST_SHOWN]
    return shown, len(lines) - len(shown)


def _lines() -> StringIO:
    """Return the lines of the file, as a spreadsheet of any kind wrote it; or raise BadName."""
    file = request.files.get("file")
    raw = file.read(LARGEST_FILE + 1) if file else b""
    if not raw:
        raise BadName("There is no file.")
    if len(raw) > LARGEST_FILE:
        raise TooManyLines("The file is too large.")
    return StringIO(text_of(raw), newline="")


def text_of(raw: bytes) -> str:
    """Return the text of a file as a spreadsheet of any kind wrote it."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _entered(mailbox: Mailbox, planned: Planned) -> Imported:
    done, owner, file = Imported(), owner_of(mailbox), listundo.new_file()
    for first in range(0, len(planned.wishes), AT_ONCE):
        with store().write() as db:
            for wish in planned.wishes[first : first + AT_ONCE]:
                if senders.enter(db, owner, wish, by=g.visitor.name, file=file):
                    done.added += 1
                else:
                    done.present += 1
    if done.added:
        with store().write() as db:
            listundo.note_file(db, owner, file, done.added, by=g.visitor.name)
    return done


def _said(done: Imported) -> str:
    added = ngettext("%(num)d entry is added.", "%(num)d entries are added.", done.added)
    present = ngettext(
        "%(num)d was on the list already.", "%(num)d were on the list already.", done.present
    )
    return f"{added} {present}" if done.present else str(added)


def _why(error: BadName) -> str:
    if isinstance(error, TooManyLines):
        most = listfiles.MOST_LINES
        return str(_("This file is too large: at most %(most)s lines and 1 MB.", most=most))
    return str(_("Please choose a table (CSV) that has at least the columns “list” and “sender”."))
