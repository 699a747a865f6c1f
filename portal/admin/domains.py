"""The domains of a tenant: where their mail goes, for whom it is taken, and how that is."""

from collections.abc import Sequence

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from mailstore import domains, health, mailboxes, onboarding, outbox
from mailstore.accounts import Role
from mailstore.addresses import Address
from mailstore.domains import Domain, Takes
from mailstore.envelopes import Recipient
from mailstore.errors import BadAddress, BadName
from mailstore.lanes import Lane
from mailstore.mailboxes import MailboxKind
from mailstore.naming import checks, claims, hops, removing
from mailstore.naming.checks import CheckKind, DomainCheck
from mailstore.naming.faults import GRAVE
from mailstore.naming.findings import Record
from mailstore.tenants import TenantState
from portal import probes
from portal.access import for_fresh_admin, for_manager, store
from portal.admin import domain_words
from portal.admin.domain_words import GRADES, SEEN, STAGES, TAKES, sentence

bp = Blueprint("domains", __name__, url_prefix="/admin/domains")


@bp.get("/")
@for_manager
def index() -> str:
    """List the domains that an administrator has, and what is claimed."""
    found = [each for each in health.ways(g.db, g.tenant.id) if g.realm.includes(each.domain.id)]
    looks = {each.domain_id: _grave(each) for each in checks.of_tenant(g.db, g.tenant.id)
             if each.kind is CheckKind.DNS and each.done_at}  # fmt: skip
    return render_template(
        "admin/domains.html",
        ways=found,
        looks=looks,
        names={each.domain.id: each.domain.name for each in found},
        claimed=claims.of_tenant(g.db, g.tenant.id) if g.realm.whole else [],
        seen=SEEN,
    )


@bp.get("/<int:domain_id>")
@for_manager
def look(domain_id: int) -> str:
    """Show one domain, and what an administrator may change."""
    return _page(found(g.db, domain_id))


@bp.post("/<int:domain_id>/hop")
@for_fresh_admin
def hop(domain_id: int) -> Response | tuple[str, int]:
    """Hand mail on elsewhere from now on."""
    domain, text = found(g.db, domain_id), request.form.get("next_hop", "")
    if domain.alias_of_id is not None:
        abort(404)
    try:
        route = hops.read(g.db, current_app.extensions["settings"], text)
    except hops.LeadsBack:
        wrong = _("This is one of our own servers: mail would go in a circle.")
        return _page(domain, wrong_hop=wrong, next_hop=text), 422
    except BadName:
        return _page(domain, wrong_hop=domain_words.no_route(), next_hop=text), 422
    if route == g.db.get_one(Lane, domain.lane_id).route:
        # Whoever saves what is there must not take a next hop of the operator's for their own.
        flash(_("Mail goes there already."), "info")
        return _back(domain_id)
    with store().write() as db:
        onboarding.set_next_hop(
            db, found(db, domain_id), route, by=g.visitor.name, named_by=g.tenant.id
        )
    flash(_("Mail of %(domain)s goes there from now on. Test it before you leave.",
            domain=domain.name), "success")  # fmt: skip
    return _back(domain_id)


@bp.post("/<int:domain_id>/takes")
@for_fresh_admin
def takes(domain_id: int) -> Response | tuple[str, int]:
    """Say for whom mail is taken, and who gets what is for nobody we know."""
    domain, chosen = found(g.db, domain_id), request.form.get("takes", "")
    if chosen not in set(Takes) or domain.alias_of_id is not None:
        abort(404)
    text = request.form.get("catch_all", "").strip()
    try:
        to = _mailbox_at(text) if text else None
        with store().write() as db:
            mailboxes.set_catch_all(db, domain, to, by=g.visitor.name)
            domains.set_takes(db, domain, Takes(chosen), by=g.visitor.name)
    except (BadAddress, BadName):
        return _page(domain, wrong_catch_all=text, chosen=chosen), 422
    flash(_("It holds for the next messages."), "success")
    return _back(domain_id)


@bp.post("/<int:domain_id>/test")
@for_manager
def try_hop(domain_id: int) -> Response:
    """Have the next hop tried."""
    domain = found(g.db, domain_id)
    with store().write() as db:
        asked = checks.ask(db, domain, CheckKind.HOP, by=g.visitor.name)
    if asked is None:
        flash(domain_words.just_now(), "info")
    return _back(domain_id, "test")


@bp.post("/<int:domain_id>/probe")
@for_manager
def probe(domain_id: int) -> Response:
    """Send a mail to whoever asks for it, by the way of all mail of the domain."""
    domain, to = found(g.db, domain_id), _own_address(domain_id)
    if to is None:
        abort(404)
    with store().write() as db:
        asked = checks.ask(db, domain, CheckKind.PROBE, by=g.visitor.name)
    if asked is None:
        flash(domain_words.just_now(), "info")
        return _back(domain_id, "test")
    stored = probes.put_in_pack(store(), g.tenant, domain, to, g.language)
    with store().write() as db:
        outbox.queue(db, stored)
        checks.probed(db, asked, stored[0].public_id)
    flash(_("The test message is on its way to %(address)s.", address=to.address), "success")
    return _back(domain_id, "test")


@bp.post("/<int:domain_id>/remove")
@for_fresh_admin
def remove(domain_id: int) -> Response | tuple[str, int]:
    """Take a domain away that nothing hangs on."""
    name = found(g.db, domain_id).name
    with store().write() as db:
        hanging = removing.remove(db, found(db, domain_id), by=g.visitor.name)
    if hanging:
        flash(_("%(domain)s cannot be removed yet.", domain=name), "warning")
        return _back(domain_id, "remove")
    flash(_("%(domain)s is not one of your domains any more.", domain=name), "success")
    return redirect(url_for(".index"), 303)


def found(db: Session, domain_id: int) -> Domain:
    """Return a domain that whoever asks administers; others are not there."""
    domain = db.get(Domain, domain_id)
    if domain is None or domain.tenant_id != g.tenant.id or not g.realm.includes(domain.id):
        abort(404)
    mine: Domain = domain
    return mine


def _mailbox_at(text: str) -> mailboxes.Mailbox:
    """Return the mailbox of an address, of whichever tenant; raises BadAddress."""
    to = mailboxes.at(g.db, Address.parse(text))
    if to is None:
        raise BadAddress(text)
    return to


def _own_address(domain_id: int) -> Recipient | None:
    """Return the way to the mailbox of whoever asks, if it is one of this domain."""
    to = mailboxes.resolve(g.db, Address.parse(g.visitor.account.email))
    return to if to and to.domain_id == domain_id else None


def _is_in(domain_id: int) -> bool:
    """Whether whoever asks has a mailbox in a domain, as far as pages need to know."""
    mine = mailboxes.at(g.db, Address.parse(g.visitor.account.email))
    return mine is not None and mine.domain_id == domain_id


def _name(domain_id: int | None) -> str | None:
    named = select(Domain.name).filter_by(id=domain_id)
    return g.db.scalar(named) if domain_id else None


def _grave(check: DomainCheck) -> Sequence[str]:
    """Return the records of a domain that are wrong or missing, each once.

    Until mail is taken, what would lead it here is not missing.
    """
    early = g.tenant.state is not TenantState.LIVE
    grave = [
        each.record.value
        for each in check.findings
        if each.grade in GRAVE and not (early and each.record is Record.MX)
    ]
    return list(dict.fromkeys(grave))


def _page(domain: Domain, **wrong: str) -> str:
    (way,) = [each for each in health.ways(g.db, g.tenant.id) if each.domain.id == domain.id]
    looked = checks.all_of(g.db, domain.id)
    named = g.db.get(mailboxes.Mailbox, domain.catch_all_id) if domain.catch_all_id else None
    bucket = named is None or named.kind is MailboxKind.CATCH_ALL
    return render_template(
        "admin/domain.html",
        domain=domain,
        way=way,
        stands_for=_name(domain.alias_of_id),
        may_change=g.visitor.account.role is Role.ADMIN,
        catch_all="" if bucket or named is None else named.address,
        tried=looked.get(CheckKind.HOP),
        probe=checks.probe_of(g.db, looked.get(CheckKind.PROBE)),
        may_probe=_is_in(domain.id),
        hanging=domain_words.hanging(removing.what_hangs(g.db, domain)),
        grades=GRADES,
        stages=STAGES,
        takes=TAKES,
        sentence=sentence,
        **wrong,
    )


def _back(domain_id: int, anchor: str = "") -> Response:
    return redirect(url_for(".look", domain_id=domain_id, _anchor=anchor or None), 303)
