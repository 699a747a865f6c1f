from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest

from filter import reply, submission
from mailstore import accounts
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.sending import credentials
from tests.databases import on_sqlite
from tests.factories import ANNA, BEAT, an_account
from tests.filter.background import Background
from tests.filter.certificates import made, write
from tests.filter.conftest import MakeRelay
from tests.filter.submissions import Submissions, b64, plain
from tests.filter.tls_talk import TLSTalk

pytestmark = on_sqlite
PASSWORD = "four words in a row"  # noqa: S105 (one for tests)
USERNAME_ASKED, PASSWORD_ASKED = "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"


@pytest.fixture
def door(background: Background, a_relay: MakeRelay, tmp_path: Path) -> Iterator[Submissions]:
    chain, key = write(tmp_path, *made("first.example"))
    relay = a_relay(tls_cert=chain, tls_key=key)
    with relay.store.write() as db:
        an_account(db, db.get_one(Mailbox, relay.mailboxes[0]), password=PASSWORD)
    opened = background.run(Submissions(relay).start())
    yield opened
    background.run(opened.stop())


@pytest.mark.parametrize(
    "lines",
    [
        [plain(ANNA, PASSWORD)],
        [plain(ANNA.upper(), PASSWORD)],
        [plain(ANNA, PASSWORD, acts_for=ANNA)],
        ["auth plain", b64(f"\0{ANNA}\0{PASSWORD}")],
        ["AUTH LOGIN", b64(ANNA), b64(PASSWORD)],
        [f"AUTH LOGIN {b64(ANNA)}", b64(PASSWORD)],
    ],
    ids=["at once", "in capitals", "for oneself", "when asked", "by LOGIN", "with the name"],
)
def test_a_name_and_its_password_let_in(door: Submissions, lines: list[str]) -> None:
    with door.talk() as talk:
        assert [talk.say(each) for each in lines][-1] == reply.SIGNED_IN
        assert "AUTH" not in talk.say("EHLO client.example")
        assert talk.say(plain(ANNA, PASSWORD)) == reply.SIGNED_IN_ALREADY
        assert talk.say(f"MAIL FROM:<{ANNA}>") == reply.OK_SENDER


def test_login_asks_for_name_and_password(door: Submissions) -> None:
    with door.talk() as talk:
        assert talk.say("AUTH LOGIN") == USERNAME_ASKED
        assert talk.say(b64(ANNA)) == PASSWORD_ASKED
        assert talk.say(b64("wrong")) == reply.DOES_NOT_FIT
        assert talk.say("AUTH PLAIN") == "334 "


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (f"\0{ANNA}\0{PASSWORD}\0", reply.BAD_RESPONSE),
        (f"\0{ANNA}\0four\0words", reply.BAD_RESPONSE),
        (f"{ANNA}\0{PASSWORD}", reply.BAD_RESPONSE),
        ("", reply.BAD_RESPONSE),
        (b"\0anna\0\xff\xfe", reply.BAD_RESPONSE),
        (f"{BEAT}\0{ANNA}\0{PASSWORD}", reply.DOES_NOT_FIT),
        (f"\0{ANNA}\0", reply.DOES_NOT_FIT),
        (f"\0\0{PASSWORD}", reply.DOES_NOT_FIT),
        (f"{ANNA}\0\0{PASSWORD}", reply.DOES_NOT_FIT),
        (f"\0{'a' * 400}\0{PASSWORD}", reply.DOES_NOT_FIT),
    ],
)
def test_a_message_of_plain_is_read_in_one_way_only(
    door: Submissions, message: str | bytes, answer: str
) -> None:
    with door.talk() as talk:
        talk.say("AUTH PLAIN")
        assert talk.say(b64(message)) == answer
        assert talk.say(f"MAIL FROM:<{ANNA}>") == reply.SIGN_IN_FIRST


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (["AUTH PLAIN", "*"], reply.CANCELLED),
        (["AUTH LOGIN", "*"], reply.CANCELLED),
        (["AUTH LOGIN", b64(ANNA), "*"], reply.CANCELLED),
        (["AUTH PLAIN not-base64!"], reply.BAD_RESPONSE),
        (["AUTH PLAIN", "YQ"], reply.BAD_RESPONSE),
        (["AUTH PLAIN ="], reply.BAD_RESPONSE),
        (["AUTH LOGIN", b64("anna\0")], reply.BAD_RESPONSE),
        (["AUTH"], reply.NO_MECHANISM),
        (["AUTH CRAM-MD5"], reply.NO_MECHANISM),
    ],
)
def test_what_ends_signing_in_leaves_the_session_as_it_was(
    door: Submissions, lines: list[str], answer: str
) -> None:
    with door.talk() as talk:
        heard = next(said for said in map(talk.say, lines) if not said.startswith("334"))
        assert heard == answer
        assert talk.say(f"MAIL FROM:<{ANNA}>") == reply.SIGN_IN_FIRST
    with door.signed_in(ANNA, PASSWORD) as talk:
        assert talk.say("NOOP") == reply.OK


def test_nobody_signs_in_before_a_greeting(door: Submissions) -> None:
    with TLSTalk(door.port) as talk:
        talk.start_tls()
        assert talk.say(plain(ANNA, PASSWORD)).startswith("503")


def test_a_stranger_and_a_wrong_password_are_told_the_same_in_the_same_time(
    door: Submissions,
) -> None:
    def asked(name: str) -> float:
        begun = perf_counter()
        assert talk.say(plain(name, "wrong")) == reply.DOES_NOT_FIT
        return perf_counter() - begun

    with door.talk() as talk:
        known = median(asked(ANNA) for _ in range(3))
        unknown = median(asked("nobody@muster.example") for _ in range(3))
    assert 0.4 < known / unknown < 2.5
    assert unknown > 0.005, "it is as much work"


def test_ten_failures_end_the_session_even_of_a_trusted_peer(door: Submissions) -> None:
    with door.talk() as talk:
        heard = [talk.say(plain("x", "")) for _ in range(submission.MOST_WRONG)]
        assert heard == [reply.DOES_NOT_FIT] * 9 + [reply.TOO_MANY_ERRORS]
        assert talk.hear() == ""


def test_failures_are_counted_for_the_name_and_the_place(door: Submissions) -> None:
    for _ in range(2):
        with door.talk() as talk:
            for _ in range(5):
                assert talk.say(plain(ANNA, "wrong")) == reply.DOES_NOT_FIT
    with door.talk() as talk:
        assert talk.say(plain(ANNA, PASSWORD)) == reply.TOO_OFTEN_WRONG
        assert talk.say(plain(BEAT, PASSWORD)) == reply.DOES_NOT_FIT


def test_a_second_factor_wants_a_credential(door: Submissions) -> None:
    with door.relay.store.write() as db:
        account = accounts.named(db, ANNA)
        account.totp_secret = "wrapped"  # noqa: S105 (one for tests)
        _, secret = credentials.add_for_account(db, account, "Phone", by="test")
    with door.talk() as talk:
        assert talk.say(plain(ANNA, PASSWORD)) == reply.DOES_NOT_FIT
        assert talk.say(plain(ANNA, secret)) == reply.SIGNED_IN


def test_a_program_of_a_domain_sends_until_its_credential_is_removed(door: Submissions) -> None:
    sender = "scanner@muster.example"
    raw = f"From: {sender}\r\nSubject: Page\r\n\r\nx\r\n".encode()
    with door.relay.store.write() as db:
        domain = db.get_one(Domain, db.get_one(Mailbox, door.relay.mailboxes[0]).domain_id)
        added, secret = credentials.add_for_domain(db, domain, "Scanner", by="test")
    with door.signed_in(added.login, secret) as talk:
        assert talk.mail(raw, "dora@there.example", sender=sender).startswith("250")
        assert talk.mail(raw, "dora@there.example", sender="x@there.example").startswith("550")
        with door.relay.store.write() as db:
            credentials.remove(db, added.id, by="test")
        assert talk.say(f"MAIL FROM:<{sender}>") == reply.SIGN_IN_FIRST
    ((message, _),) = door.relay.messages()
    assert message.writer_id is None
