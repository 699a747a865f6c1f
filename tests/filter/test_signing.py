"""What Mailhafen writes itself arrives signed, and nobody else's mail does."""

from pathlib import Path

import dkim
import pytest
import structlog

from filter.bounce import written
from filter.content import wire_bytes
from filter.delivery import drain
from filter.signing import own_keys, signatures
from mailstore import outbox
from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.notices import Way
from mailstore.settings import Settings
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import ANNA, BOB, deliveries_of, the_recipient
from tests.filter.authentication.zone import a_key, as_pem, published
from tests.filter.bounces import HOST, a_case
from tests.filter.conftest import MakeSink, Queue
from tests.filter.sink import Sink, unstuffed
from tests.filter.tellings import a_notice, sent

US = "mx.mailhafen.test"
HEAD = (
    b"Subject: Held mail\r\nFrom: Mailhafen <quarantine@mx.mailhafen.test>\r\nTo: " + ANNA.encode()
    + b"\r\nDate: Tue, 24 Nov 2026 13:00:00 +0100\r\nMessage-ID: <r1@mx.mailhafen.test>\r\n"
    b"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
)  # fmt: skip
UNSUBSCRIBE = (
    b"List-Unsubscribe: <https://mx.mailhafen.test/l/x>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
)
OURS = HEAD + UNSUBSCRIBE + b"\r\nTwo mails wait.\r\n"
BODIES = {
    "dot lines": b".\r\n..\r\n.x\r\n\r\n.\r\n",
    "long lines": b"x " * 4000 + b"\r\n" + b"=" * 998 + b"\r\n",
    "8bit": "Grüsse, à bientôt\r\n".encode() + b"\xff\xfe\r\n",
    "empty lines at its end": b"x\r\n\r\n\r\n",
    "no line end": b"x",
    "none": b"",
}


@pytest.fixture
def key(store: Store, settings: Settings) -> Path:
    """Return the key of an installation that was set up."""
    settings.data_dir.mkdir(exist_ok=True)
    settings.dkim_file.write_bytes(as_pem(a_key()))
    return settings.dkim_file


def queued(store: Store, raw: bytes = OURS) -> Delivery:
    """Queue a mail of ours to Anna."""
    with store.read() as db:
        recipient = the_recipient(db)
    summary = outbox.summary_of(Address("quarantine", US), "Mailhafen", "Held mail")
    stored = outbox.put_in_pack(store, recipient, raw, summary)
    with store.write() as db:
        outbox.queue(db, stored)
        (delivery,) = deliveries_of(db, stored[0])
    return delivery


def handed_on(hop: Sink, store: Store, raw: bytes = OURS) -> bytes:
    drain(store, queued(store, raw).lane_id)
    (wire,) = hop.mails
    return unstuffed(wire)


def verifies(raw: bytes) -> bool:
    (pieces,) = published(US, selector="mailhafen").values()
    asked = []

    def record(name: bytes, **_: object) -> bytes:
        asked.append(name)
        return "".join(pieces[0]).encode()

    good = bool(dkim.verify(raw, dnsfunc=record))
    assert asked == [f"mailhafen._domainkey.{US}.".encode()]
    return good


def signature(settings: Settings, content: bytes) -> bytes:
    return signatures(lambda: [content], lambda: own_keys(settings))


def tags_of(raw: bytes) -> dict[bytes, bytes]:
    work = dkim.DKIM(raw)
    (value,) = [value for name, value in work.headers if name == b"DKIM-Signature"]
    return dict(dkim.parse_tag_value(value))


def test_a_mail_of_ours_arrives_signed(key: Path, hop: Sink, store: Store) -> None:
    mail = handed_on(hop, store)
    assert mail.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;")
    assert mail.endswith(OURS)
    assert verifies(mail)
    assert not verifies(mail.replace(b"One-Click", b"Two-Clicks"))
    assert max(map(len, mail.split(b"\r\n"))) < 100


@on_sqlite
def test_the_signature_covers_what_unsubscribing_needs_and_ends(
    key: Path, hop: Sink, store: Store
) -> None:
    tags = tags_of(handed_on(hop, store))
    signed = [name.strip() for name in tags[b"h"].split(b":")]
    for name in (b"from", b"subject", b"list-unsubscribe", b"list-unsubscribe-post"):
        assert signed.count(name) == 2
    assert signed.count(b"reply-to") == 1
    assert int(tags[b"x"]) - int(tags[b"t"]) == 14 * 24 * 3600


@pytest.mark.parametrize("field", [b"Subject: Other", b"Reply-To: x@evil.example"])
@on_sqlite
def test_nobody_can_add_a_field(key: Path, hop: Sink, store: Store, field: bytes) -> None:
    mail = handed_on(hop, store)
    assert not verifies(field + b"\r\n" + mail)
    assert verifies(b"Received: from x by y\r\n" + mail)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@on_sqlite
def test_the_body_stays_as_it_is(key: Path, hop: Sink, store: Store, body: bytes) -> None:
    mail = handed_on(hop, store, HEAD + b"\r\n" + body)
    assert mail.removesuffix(b"\r\n").endswith((HEAD + b"\r\n" + body).removesuffix(b"\r\n"))
    assert verifies(mail)


BROKEN = {
    "missing": None,
    "empty": b"",
    "no key": b"-----BEGIN PRIVATE KEY-----\nxx\n-----END PRIVATE KEY-----\n",
    "cut off": as_pem(a_key())[:900],
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
@on_sqlite
def test_without_a_usable_key_mail_goes_unsigned_and_the_log_says_so(
    key: Path, hop: Sink, store: Store, content: bytes | None
) -> None:
    key.unlink() if content is None else key.write_bytes(content)
    with structlog.testing.capture_logs() as lines:
        mail = handed_on(hop, store)
    assert mail.startswith(b"X-Mailhafen-Class: report\r\n")
    assert mail.endswith(OURS)
    assert [line["log_level"] for line in lines if line["event"] == "mail_unsigned"] == ["warning"]


@on_sqlite
def test_a_changed_key_signs_at_once(key: Path, store: Store) -> None:
    key.write_bytes(b"broken")
    assert signature(store.settings, OURS) == b""
    key.write_bytes(as_pem(a_key()))
    assert verifies(signature(store.settings, OURS) + OURS)


@pytest.mark.parametrize(
    ("changes", "signs"),
    [
        ({"report_from": "report@bücher.example"}, b"d=xn--bcher-kva.example;"),
        ({"dkim_selector": "2026-11"}, b"s=2026-11;"),
        ({"dkim_selector": "a b"}, b""),
        ({"report_from": "nobody"}, b""),
        ({"report_from": f"x@{'a' * 50}.{'b' * 50}.example"}, b""),
    ],
    ids=["umlauts", "selector", "no selector", "no author", "too long to be folded"],
)
@on_sqlite
def test_domain_and_selector_are_those_of_the_settings(
    key: Path, store: Store, changes: dict[str, str], signs: bytes
) -> None:
    made = signature(store.settings.model_copy(update=changes), OURS)
    assert signs in made
    assert bool(made) is bool(signs)


@pytest.mark.parametrize("mail_class", [MailClass.CLEAN, MailClass.NEWSLETTER, MailClass.REPORT])
@on_sqlite
def test_what_others_wrote_is_never_signed(
    key: Path, queue: Queue, store: Store, mail_class: MailClass
) -> None:
    theirs = queue(raw=OURS, mail_class=mail_class)
    assert b"DKIM-Signature" not in b"".join(wire_bytes(store, theirs))


@on_sqlite
def test_a_person_who_writes_is_not_signed_for_with_our_key(
    key: Path, hop: Sink, store: Store
) -> None:
    written_by_anna = queued(store)
    with store.read() as db:
        anna = db.get_one(Mailbox, written_by_anna.mailbox_id)
    written_by_anna.message.writer_id = anna.id
    assert b"DKIM-Signature" not in b"".join(wire_bytes(store, written_by_anna))


@on_sqlite
def test_bounces_and_notices_are_signed_too(key: Path, a_sink: MakeSink, store: Store) -> None:
    outside = a_sink()
    store.settings = store.settings.model_copy(update={"smarthost": f"127.0.0.1:{outside.port}"})
    sent(store, a_notice(store, Way.MAIL, str(BOB), OURS))
    (wire,) = outside.mails
    assert verifies(unstuffed(wire))
    bounce = written(a_case(), HOST)
    assert verifies(signature(store.settings, bounce) + bounce)
