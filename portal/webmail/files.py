"""Mail as files: its attachments, all of them, itself, several of it; and a page to print.

What no scanner has looked at is not given out, neither alone nor within the whole mail.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response, abort, g, render_template, request
from flask_babel import gettext as _

from mailstore import copies
from mailstore.deliveries import Delivery
from portal import reasons
from portal.access import for_webmail
from portal.content import cards, reading
from portal.content.downloads import download, zipped
from portal.paging import row_id
from portal.webmail.place import found, readable

bp = Blueprint("files", __name__, url_prefix="/webmail")

MOST_MAILS = 200
MOST_BYTES = 200 * 2**20
# Findings whose detail begins with the name of an attachment.
ABOUT_FILES = frozenset(
    [
        *("EXECUTABLE_ATTACHMENT", "SCRIPT_ATTACHMENT", "MACROS", "DANGEROUS_MACROS"),
        *("DISK_IMAGE", "ENCRYPTED_ATTACHMENT", "ONENOTE_ATTACHMENT", "PAGE_ATTACHED"),
        *("ACTIVE_PAGE_ATTACHED", "PAGE_ASKS_PASSWORD", "ARCHIVE_CLOSED"),
        *("ARCHIVE_NAME_LEAVES", "ARCHIVE_TOO_COMPLEX"),
    ]
)

Refusal = tuple[str, int]


@bp.get("/m/<int:delivery_id>/attachments/<number>")
@for_webmail
def attachment(delivery_id: int, number: str) -> Response | Refusal:
    """Give an attachment as a download."""
    delivery = found(delivery_id)
    if is_withheld(delivery):
        return _withheld([delivery])
    file = reading.attachment(delivery.message, number)
    return download(file[1], file[0]) if file else abort(404)


@bp.get("/m/<int:delivery_id>/attachments.zip")
@for_webmail
def attachments(delivery_id: int) -> Response | Refusal:
    """Give all attachments of a mail as one download."""
    delivery = found(delivery_id)
    if is_withheld(delivery):
        return _withheld([delivery])
    message, at = delivery.message, delivery.accepted_at
    files = ((name, content, at) for name, content in reading.attachments(message))
    return zipped(files, f"{message.subject or 'mail'}.zip")


@bp.get("/m/<int:delivery_id>/mail.eml")
@for_webmail
def eml(delivery_id: int) -> Response | Refusal:
    """Give the mail as a file."""
    delivery = found(delivery_id)
    if is_withheld(delivery):
        return _withheld([delivery])
    content = reading.whole(delivery.message)
    return abort(404) if content is None else download(content, _name(delivery))


@bp.get("/mails.zip")
@for_webmail
def mails() -> Response | Refusal:
    """Give several mails as one download; what is gone by now is left out."""
    readable()
    ids = list(dict.fromkeys(request.args.getlist("m", row_id)))
    if not ids or not copies.are_all_in(g.db, g.scope, ids[: MOST_MAILS + 1]):
        abort(404)
    wanted = copies.chosen(g.db, g.scope, ids[: MOST_MAILS + 1], MOST_MAILS + 1)
    if len(ids) > MOST_MAILS or sum(each.message.size for each in wanted) > MOST_BYTES:
        abort(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if withheld := list(filter(is_withheld, wanted)):
        return _withheld(withheld)
    return zipped(_whole(wanted), "mails.zip")


@bp.get("/m/<int:delivery_id>/print")
@for_webmail
def to_print(delivery_id: int) -> Response:
    """Show the mail as paper shows it: its fields above its content, in a page that does nothing.

    The content stays within its own box, so that nothing of it covers the fields.
    """
    delivery = found(delivery_id)
    said = reading.read(delivery.message, links=True)
    head = render_template("webmail/print.html", delivery=delivery, reading=said)
    return reading.print_response(delivery.message, head)


@bp.app_template_global()
def is_withheld(delivery: Delivery) -> bool:
    """Whether the attachments of a mail are not given out, for want of a scan."""
    return copies.is_unscanned(g.db, delivery)


@bp.app_template_global()
def cards_of(said: reading.Reading | None) -> list[cards.Card]:
    """Return the appointments and visiting cards of a mail in the visitor's language."""
    return cards.worded(said.cards) if said else []


@bp.app_template_global()
def notes_of(said: reading.Reading | None) -> list[str]:
    """Return what there is to say of odd addresses of a mail."""
    return cards.noted(said.notes) if said else []


@bp.app_template_global()
def warned_of_file(delivery: Delivery, name: str) -> list[str]:
    """Return the untranslated sentences for what was found about one attachment."""
    about = [
        [symbol, "", 0.0]
        for symbol, detail, _points in delivery.symbols
        if symbol in ABOUT_FILES and (detail == name or detail.startswith(f"{name}: "))
    ]
    return reasons.sentences(about)


def _whole(mails: Sequence[Delivery]) -> Iterator[tuple[str, bytes, datetime]]:
    for each in mails:
        content = reading.whole(each.message)
        if content is not None:
            yield _name(each), content, each.accepted_at


def _name(delivery: Delivery) -> str:
    return f"{delivery.message.subject or 'mail'}.eml"


def _withheld(mails: Sequence[Delivery]) -> Refusal:
    subjects = ", ".join(each.message.subject or _("(no subject)") for each in mails)
    text = _(
        "A virus scanner did not answer when this message came, so its attachments cannot be "
        "opened here: %(subjects)s",
        subjects=subjects,
    )
    code = HTTPStatus.CONFLICT.value
    return render_template("error.html", code=code, text=text), code
