"""A portal on a store that has something for every page: the app itself, behind a real socket."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pyotp
from flask import Flask
from sqlalchemy import select
from werkzeug.serving import WSGIRequestHandler, make_server

from filter.rule import load_rules
from mailstore import (
    accounts,
    bulk,
    clock,
    factors,
    marks,
    people,
    policies,
    quarantine,
    recording,
    restores,
    rights,
    schema,
)
from mailstore.accounts import Account, Role
from mailstore.bulk import Bulk, BulkDeed
from mailstore.deliveries import Delivery
from mailstore.envelopes import Action, HeldRight, MailClass, Symbol, Verdict
from mailstore.heldlist import Wanted
from mailstore.mailboxes import Mailbox, Right
from mailstore.reports.rows import Link
from mailstore.scope import Scope
from mailstore.senders import Listed
from mailstore.store import Store
from portal.app import create_app
from tests.browser.administered import administered
from tests.browser.troubles import LONG, outage, refused
from tests.factories import (
    ANNA,
    BEAT,
    RecordedJobs,
    a_mailbox,
    accepted_by,
    an_account,
    deliveries_of,
    some_settings,
    the_recipient,
)
from tests.mailstore.requested import a_request, refuse
from tests.mailstore.sending.senders import block, of_mailbox
from tests.portal.browsing import Links, a_report
from tests.portal.mails import SAMPLES, summary_of
from tests.portal.profiles import a_device, a_session, an_entry
from tests.portal.signing import a_reset
from tests.writing import a_draft, a_file, leave

CHRIS, FABIA = "chris@quiet.example", "fabia@muster.example"
PASSWORD = "a quiet harbour in fog"  # noqa: S105 (of tests only)
OFFICE = "office@muster.example"
HELD = {
    "phish": (MailClass.PHISH, "phish_bank_de", "ACCOUNT_THREAT"),
    "dangerous": (MailClass.DANGEROUS, "executable_attachment", "EXECUTABLE_ATTACHMENT"),
    "virus": (MailClass.VIRUS, "eicar_attachment", "VIRUS_FOUND"),
    "newsletter": (MailClass.NEWSLETTER, "newsletter_shop_de", "NEWSLETTER"),
    "no subject": (MailClass.SPAM, "no_subject", "FREE_OFFER"),
    "spam": (MailClass.SPAM, "spam_lottery_en", "LOTTERY"),
    "fraud": (MailClass.PHISH, "ceo_fraud_de", "CEO_FRAUD"),
    "parcel": (MailClass.PHISH, "phish_parcel_de", "LINK_TEXT_MISLEADS"),
}
COPIES = ("personal_de", "invoice_pdf_de", "html_only", "newsletter_event_de", "emoji_subject")


class Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 (its name there)
        pass


@dataclass(slots=True)
class World:
    """What was seeded, and where its pages are; `ids` are values of routes by their name."""

    store: Store
    ids: dict[str, object]
    held: dict[str, int]
    copies: list[int]
    links: Links
    old: Links
    app: Flask | None = None
    url: str = ""

    def account(self, email: str) -> Account:
        """Return somebody's account."""
        with self.store.read() as db:
            return accounts.named(db, email)


@contextmanager
def a_world(folder: Path) -> Iterator[World]:
    """Seed a store and serve its portal until the end."""
    settings = some_settings(folder / "data")
    settings.data_dir.mkdir(parents=True)
    schema.migrate(settings)
    with closing(Store(settings)) as store:
        store.jobs = RecordedJobs()
        with store.write() as db:
            policies.seed(db)
        world = _seed(store)
        app = create_app(settings, store, tuple(load_rules().values()))
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        world.app, world.url = app, f"http://127.0.0.1:{server.server_port}"
        try:
            yield world
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            app.extensions["sandbox"].close()


def _seed(store: Store) -> World:
    anna, office = _people(store)
    held = {name: hold(store, anna, *what).id for name, what in HELD.items()}
    hold(store, office, MailClass.SPAM, "spam_loan_de", "LOANS")
    gone = [hold(store, anna, MailClass.SPAM, "spam_pills_en", "PILLS").id for _ in range(2)]
    kept = [_copy(store, anna, name) for name in COPIES]
    _end(store, old := a_report(store, anna))
    links = a_report(store, anna)
    ids = _of_profile(store, anna) | _requests(store, anna, held)
    ids |= {"bulk_id": _deeds(store, anna, gone), "domain_id": anna.domain_id, "number": 0}
    ids |= _written(store) | administered(store, anna)
    ids |= {"restore_id": _restore(store, anna, kept), "secret": a_reset(store)}
    refused(store, anna)
    block(store, of_mailbox(office, OFFICE))
    outage(store, kept)
    return World(store, ids | {"listed": "blocked"}, held, kept, links, old)


def _people(store: Store) -> tuple[Mailbox, Mailbox]:
    with store.write() as db:
        anna, beat = a_mailbox(db, name="Anna Keller"), a_mailbox(db, BEAT, name="Beat Frei")
        fabia = a_mailbox(db, FABIA, name="Fabia Rossi")
        office, chris = a_mailbox(db, OFFICE), a_mailbox(db, CHRIS, name="Chris Leu")
        owner = an_account(db, anna)
        people.set_private_address(db, owner, "anna@privat.example", by="test")
        accounts.grant(db, owner.id, office.id, Right.DELEGATE)
        an_account(db, beat, role=Role.ADMIN)
        an_account(db, chris)
        careful = an_account(db, fabia, password=PASSWORD)
        secret = factors.new_secret()
        assert factors.turn_on(db, store.ring, careful, secret, pyotp.TOTP(secret).now(), by="test")
        return anna, office


def hold(store: Store, mailbox: Mailbox, kind: MailClass, sample: str, symbol: str) -> Delivery:
    """Return a held mail of a sample, with findings and a warning."""
    with store.read() as db:
        recipient = the_recipient(db, mailbox.address)
    found = Symbol(symbol, f"seen: {LONG}", 6.0), Symbol("NOT_SPAM", "", -0.5)
    verdict = Verdict(
        recipient, Action.QUARANTINE, kind, 5.5, "score", found,
        ("block list: no", "score 5.5 from 5.0: quarantine"),
        symbol if kind is MailClass.PHISH else "",
    )  # fmt: skip
    return _recorded(store, verdict, SAMPLES[sample])


def _copy(store: Store, mailbox: Mailbox, sample: str) -> int:
    with store.read() as db:
        recipient = the_recipient(db, mailbox.address)
    verdict = Verdict(recipient, Action.DELIVER, MailClass.CLEAN, 0.0, "score", ())
    return _recorded(store, verdict, SAMPLES[sample]).id


def _recorded(store: Store, verdict: Verdict, raw: bytes) -> Delivery:
    summary = summary_of(raw)
    accepted = accepted_by(store, [verdict], raw=raw, summary=replace(summary, attachments=1))
    (place,) = store.packs.append([accepted.sealed.slice])
    with store.write() as db:
        recording.record(db, [(accepted, place)])
        return next(iter(deliveries_of(db, accepted)))


def _end(store: Store, links: Links) -> None:
    with store.write() as db:
        for link in db.scalars(select(Link).where(Link.report_id == links.report_id)):
            link.ends_at = clock.now() - timedelta(days=1)


def _written(store: Store) -> dict[str, object]:
    with store.read() as db:
        account = accounts.named(db, ANNA)
    draft = a_draft(store, account)
    a_file(store, draft)
    return {"draft_id": draft.id, "public_id": leave(store, a_draft(store, account)).public_id}


def _of_profile(store: Store, anna: Mailbox) -> dict[str, object]:
    with store.read() as db:
        account = accounts.named(db, ANNA)
    for kind in Listed:
        an_entry(store, anna, f"{secrets.token_hex(30)}@{kind}.example", listed=kind)
    return {
        "mailbox_id": anna.id,
        "entry_id": an_entry(store, anna),
        "sign_in_id": a_session(store, account),
        "device_id": a_device(store, anna),
        "account_id": account.id,
    }


def _requests(store: Store, anna: Mailbox, held: dict[str, int]) -> dict[str, object]:
    def delivery(name: str) -> Delivery:
        with store.read() as db:
            found = quarantine.look(db, Scope(anna.tenant_id, frozenset({anna.id})), held[name])
        assert found
        return found

    waiting = a_request(store, delivery("fraud"), f"I wait for it. {LONG}")
    refuse(store, a_request(store, delivery("parcel")), "It is a fraud.")
    return {"request_id": waiting.id}


def _deeds(store: Store, anna: Mailbox, gone: list[int]) -> int:
    """Delete one mail, and all that match; return the deed for many, which is still going on."""
    with store.write() as db:
        account = accounts.named(db, ANNA)
        scope = accounts.scope_of(db, account)
        may = rights.of_scope(db, scope).allow(HeldRight.DELIVER)
        assert quarantine.delete(db, scope, gone[0], by=ANNA)
        assert quarantine.release(db, scope, gone[1], by=ANNA, may=may)
        over = bulk.begin(
            db, scope, Wanted("pills"), BulkDeed.DELETE, by=ANNA, account_id=account.id
        )
        db.get_one(Bulk, over).state = bulk.BulkState.DONE
        db.get_one(Bulk, over).done = 1
        wanted = Wanted(mail_class=MailClass.SPAM)
        return bulk.begin(db, scope, wanted, BulkDeed.DELETE, by=ANNA, account_id=account.id)


def _restore(store: Store, anna: Mailbox, kept: list[int]) -> int:
    with store.write() as db:
        marks.mark(db, [kept[1]], read_at=clock.now())
        return restores.begin(db, anna.tenant_id, anna.id, "Zurück", kept, by=ANNA)
