"""Allowing or blocking whoever wrote a held mail: whom exactly, for how long, and what it means."""

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, abort, flash, g, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailstore import advice, clock, lists, ownlists, quarantine, senders
from mailstore.addresses import Address
from mailstore.advice import UNPROVEN
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import HeldRight
from mailstore.errors import BadAddress
from mailstore.lists import Origin
from mailstore.patterns import stable
from mailstore.senders import Listed, Owner, Wish
from portal.access import for_user, store
from portal.quarantine.place import back, back_to_next, following, rights_here
from portal.quarantine.views import found

bp = Blueprint("sender", __name__, url_prefix="/quarantine")

# For how long, in days; 0 is for ever.
LIVES = (90, 365, 0)
EXACT, STABLE, DOMAIN = "exact", "stable", "domain"


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom an entry can mean, and what to beware of."""

    form: str
    pattern: str
    warnings: list[str]


@bp.get("/<int:delivery_id>/<any(allowed, blocked):listed>")
@for_user
def ask(delivery_id: int, listed: str) -> str:
    """Show whom the entry can mean."""
    delivery, kind = found(delivery_id), Listed(listed)
    _may(delivery, kind)
    return render_template(
        "quarantine/sender.html",
        delivery=delivery,
        kind=kind,
        choices=_choices(delivery, kind),
        proven=bool(senders.proof_in(delivery.symbols)),
        lives=LIVES,
        held=delivery.state is State.QUARANTINED,
        releasable=rights_here().to(delivery) is HeldRight.DELIVER,
        back=back(),
        following=following(),
    )


@bp.post("/<int:delivery_id>/<any(allowed, blocked):listed>")
@for_user
def act(delivery_id: int, listed: str) -> Response:
    """Enter it, and deliver or delete the mail if that is wished."""
    delivery, kind = found(delivery_id), Listed(listed)
    _may(delivery, kind)
    pattern = _patterns(delivery).get(request.form.get("form", ""))
    days = request.form.get("days", 0, int)
    if pattern is None or days not in LIVES or delivery.mailbox_id is None:
        abort(400)
    proof = senders.proof_in(delivery.symbols) if kind is Listed.ALLOWED else None
    ends = clock.now() + timedelta(days=days) if days else None
    wish = Wish(kind, pattern, proof, delivery_id, ends)
    owner, by = Owner(delivery.tenant_id, mailbox_id=delivery.mailbox_id), g.visitor.name
    may = rights_here().allow(HeldRight.DELIVER)
    with store().write() as db:
        senders.enter(db, owner, wish, by=by)
        if request.form.get("mail") == "yes":
            if kind is Listed.ALLOWED:
                quarantine.release(db, g.scope, delivery_id, by=by, may=may)
            else:
                quarantine.delete_as_spam(db, g.scope, delivery_id, by=by)
        still = lists.blocking(db, delivery, _origin(delivery)) if kind is Listed.ALLOWED else ""
    _tell(kind, pattern, proven=proof != "")
    if still:
        flash(_("But %(sender)s is blocked, and that goes before.", sender=still), "warning")
    return redirect(back_to_next(), 303)


def _may(delivery: Delivery, kind: Listed) -> None:
    """Answer 404 where a policy lets people enter no such thing."""
    if kind not in ownlists.kinds_of(g.db, delivery.mailbox_id):
        abort(404)


def _tell(kind: Listed, pattern: str, *, proven: bool) -> None:
    if kind is Listed.BLOCKED:
        flash(_("Mail from %(sender)s is refused from now on.", sender=pattern), "success")
    elif proven:
        text = _("%(sender)s is allowed from now on, whenever the mail is proven to be theirs.",
                 sender=pattern)  # fmt: skip
        flash(text, "success")
    else:
        text = _(
            "%(sender)s is noted, but nothing proves that they wrote this message: they are "
            "allowed once you allow a message that is proven to be theirs.",
            sender=pattern,
        )
        flash(text, "warning")


def _choices(delivery: Delivery, kind: Listed) -> list[Choice]:
    patterns, proven = _patterns(delivery), bool(senders.proof_in(delivery.symbols))
    warned = advice.advise_all(g.db, delivery.tenant_id, kind, patterns.values())
    return [
        Choice(
            form,
            pattern,
            [_(each) for each in warned[pattern] if not (proven and each == UNPROVEN)],
        )
        for form, pattern in patterns.items()
    ]


def _patterns(delivery: Delivery) -> dict[str, str]:
    """Return whom an entry can mean, by its form; nothing for a mail of nobody."""
    try:
        author = _origin(delivery).author
    except BadAddress:
        return {}
    forms = {EXACT: author.key, STABLE: stable(author), DOMAIN: author.domain}
    if forms[STABLE] == forms[EXACT]:
        del forms[STABLE]
    return forms


def _origin(delivery: Delivery) -> Origin:
    """Return who wrote a mail, as lists look at it; raises BadAddress for a mail of nobody."""
    message = delivery.message
    sender = Address.parse(message.sender) if message.sender else None
    return Origin(Address.parse(message.author or message.sender), sender)
