"""Mail that leaves a customer's domain is signed with keys of that domain, and no other is."""

from collections.abc import Callable
from types import SimpleNamespace

import httpx
import pytest
import structlog
from cryptography.fernet import Fernet
from pydantic import SecretStr
from time_machine import Traveller

from filter import signers
from filter.delivery import drain
from mailstore import domains
from mailstore.envelopes import MailClass
from mailstore.sending import dkimkeys
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import ANNA, BOB, a_domain, a_mailbox, an_accepted
from tests.filter.conftest import MakeSink
from tests.filter.domainkeys import (
    MAIL,
    MUSTER,
    give_keys,
    leaving,
    on_the_wire,
    signatures,
    verified,
    zone_of,
)
from tests.filter.names import FakeDNS
from tests.filter.scanners import engines
from tests.filter.sink import unstuffed

OTHER = "other.example"


@pytest.fixture
def signing(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Return a store with a ring, Anna's domain, and that of another tenant."""
    ring = SecretStr(Fernet.generate_key().decode())
    store.settings = store.settings.model_copy(update={"dkim_ring": ring})
    with store.write() as db:
        a_mailbox(db)
        a_domain(db, OTHER)
    return store


@pytest.fixture
def always_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no key be remembered."""
    monkeypatch.setattr(signers, "KEPT_SECONDS", 0)


def test_mail_to_strangers_arrives_under_two_signatures(signing: Store, a_sink: MakeSink) -> None:
    outside = a_sink()
    signing.settings = signing.settings.model_copy(
        update={"smarthost": f"127.0.0.1:{outside.port}"}
    )
    keys = give_keys(signing)
    drain(signing, leaving(signing).lane_id)
    (wire,) = outside.mails
    mail = unstuffed(wire)
    assert mail.endswith(MAIL)
    assert [tags[b"a"] for tags in signatures(mail)] == [b"rsa-sha256", b"ed25519-sha256"]
    assert verified(mail, keys) == [True, True]
    assert verified(mail.replace(b"noon", b"nine"), keys) == [False, False]


@on_sqlite
def test_signatures_cover_what_people_see_and_end(signing: Store) -> None:
    give_keys(signing)
    more = b"List-Unsubscribe: <https://muster.example/u>\r\nReferences: <0@there.example>\r\n"
    found = signatures(on_the_wire(signing, leaving(signing, more + MAIL)))
    assert len(found) == 2
    for tags in found:
        assert (tags[b"d"], tags[b"c"]) == (MUSTER.encode(), b"relaxed/relaxed")
        assert b"l" not in tags
        assert int(tags[b"x"]) - int(tags[b"t"]) == 14 * 24 * 3600
        covered = [name.strip() for name in tags[b"h"].split(b":")]
        there = b"from to subject date message-id mime-version content-type references"
        assert {covered.count(name) for name in there.split()} == {2}
        assert (covered.count(b"cc"), covered.count(b"reply-to")) == (1, 1)
        assert covered.count(b"list-unsubscribe") == 2
        assert b"list-unsubscribe-post" not in covered


@pytest.mark.parametrize("field", [b"Cc: x@evil.example", b"Reply-To: x@evil.example", b"From: x"])
@on_sqlite
def test_nobody_can_add_a_field_to_signed_mail(signing: Store, field: bytes) -> None:
    keys = give_keys(signing)
    mail = on_the_wire(signing, leaving(signing))
    assert verified(field + b"\r\n" + mail, keys) == [False, False]
    assert verified(b"List-Id: <x.example>\r\n" + mail, keys) == [True, True]


def test_no_tenant_signs_with_the_keys_of_another(signing: Store) -> None:
    give_keys(signing)
    give_keys(signing, OTHER)
    forged = leaving(signing, author=ANNA, about=OTHER)
    assert signatures(on_the_wire(signing, forged)) == []
    assert {tags[b"d"] for tags in signatures(on_the_wire(signing, leaving(signing)))} == {
        MUSTER.encode()
    }


@pytest.mark.parametrize(
    ("author", "raw"),
    [
        (str(BOB), MAIL.replace(b"anna@muster", b"bob@there")),
        ("anna@sub.muster.example", MAIL.replace(b"@muster", b"@sub.muster")),
        ("", MAIL.replace(b"From: ", b"From: Bob <bob@there.example>, ")),
        (ANNA, b"From: Bob <bob@there.example>\r\n" + MAIL),
        (ANNA, MAIL.replace(b"From: ", b"Old: ")),
    ],
    ids=["stranger", "subdomain", "two authors", "two fields", "no author"],
)
@on_sqlite
def test_without_the_one_author_of_a_domain_nothing_is_signed(
    signing: Store, author: str, raw: bytes
) -> None:
    give_keys(signing)
    assert signatures(on_the_wire(signing, leaving(signing, raw, author=author))) == []


def test_only_keys_that_were_activated_and_not_retired_sign(
    signing: Store, always_asked: None, clock: Traveller
) -> None:
    waiting = leaving(signing)
    give_keys(signing, active=False)
    assert signatures(on_the_wire(signing, waiting)) == []
    old = give_keys(signing)
    assert verified(on_the_wire(signing, waiting), old) == [True, True]
    newer = give_keys(signing)[-2:]
    assert verified(on_the_wire(signing, waiting), newer) == [True, True]
    with signing.write() as db:
        dkimkeys.retire(db, domains.named(db, MUSTER), newer[0], by="test")
    assert verified(on_the_wire(signing, waiting), newer[1:]) == [True]


@on_sqlite
def test_keys_are_remembered_for_seconds_only(
    signing: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(signers, "time", SimpleNamespace(monotonic=lambda: now))
    waiting = leaving(signing)
    assert signatures(on_the_wire(signing, waiting)) == []
    give_keys(signing)
    assert signatures(on_the_wire(signing, waiting)) == []
    now = signers.KEPT_SECONDS
    assert len(signatures(on_the_wire(signing, waiting))) == 2


@pytest.mark.parametrize(
    "ring", ["", Fernet.generate_key().decode(), "x" * 40], ids=["none", "another", "no ring"]
)
@on_sqlite
def test_without_the_ring_mail_goes_unsigned_and_the_log_says_so(signing: Store, ring: str) -> None:
    give_keys(signing)
    signing.settings = signing.settings.model_copy(update={"dkim_ring": SecretStr(ring)})
    with structlog.testing.capture_logs() as lines:
        mail = on_the_wire(signing, leaving(signing))
    assert mail.endswith(MAIL)
    assert signatures(mail) == []
    assert [line["log_level"] for line in lines if line["event"] == "mail_unsigned"] == ["warning"]


@on_sqlite
def test_what_people_write_to_colleagues_is_signed_and_what_comes_in_is_not(
    signing: Store, always_asked: None
) -> None:
    keys = give_keys(signing)
    with signing.write() as db:
        beat = a_mailbox(db, "beat@muster.example")
    known = an_accepted(signing, beat, raw=MAIL)
    known.message.author = ANNA
    assert signatures(on_the_wire(signing, known)) == []
    known.message.writer_id = beat.id
    assert verified(on_the_wire(signing, known), keys) == [True, True]


@on_sqlite
def test_a_name_with_umlauts_is_signed_as_dns_knows_it(signing: Store) -> None:
    with signing.write() as db:
        a_domain(db, "bücher.example", tenant=None)
    keys = give_keys(signing, "bücher.example")
    raw = MAIL.replace(b"muster.example", "bücher.example".encode())
    author = "anna@bücher.example"
    mail = on_the_wire(signing, leaving(signing, raw, author=author, about="bücher.example"))
    assert [tags[b"d"] for tags in signatures(mail)] == [b"xn--bcher-kva.example"] * 2
    assert verified(mail, keys) == [True, True]


def test_bounces_are_signed_for_the_domain_they_come_from(signing: Store) -> None:
    keys = give_keys(signing)
    bounce = leaving(signing, MAIL.replace(b"anna@", b"postmaster@"), author=f"postmaster@{MUSTER}")
    bounce.message.client_ip = bounce.message.sender = ""
    bounce.mail_class = MailClass.REPORT
    assert verified(on_the_wire(signing, bounce), keys) == [True, True]


@on_sqlite
def test_rspamd_finds_both_signatures_good(
    signing: Store, names: FakeDNS, needs: Callable[[str], str]
) -> None:
    names.records.update(zone_of(keys := give_keys(signing)))
    mail = on_the_wire(signing, leaving(signing))
    with dkim_checker(needs, names.port) as checker:
        found = checked(checker.port, mail)
        forged = checked(checker.port, mail.replace(b"noon", b"nine"))
    assert found == {"R_DKIM_ALLOW": [f"{MUSTER}:s={key.selector}" for key in keys]}
    assert list(forged) == ["R_DKIM_REJECT"]


def dkim_checker(needs: Callable[[str], str], names_port: int) -> engines.Daemon:
    """Return an rspamd that looks at signatures only, and asks a name server of ours."""
    made = engines.rspamd(needs)
    path = made.folder / "configuration"
    lines = path.read_text().splitlines()
    told = "\n".join(line for line in lines if not line.startswith(("lua", ".include")))
    told = told.replace("127.0.0.1:9", f"127.0.0.1:{names_port}").replace("0.05s", "5s")
    path.write_text(told.replace("chartable,regexp", "dkim"))
    return made


def checked(port: int, mail: bytes) -> dict[str, list[str]]:
    """Return what rspamd says of the signatures of a mail, with their domains and selectors."""
    url, stranger = f"http://127.0.0.1:{port}/checkv2", {"IP": "192.0.2.7"}
    symbols = httpx.post(url, content=mail, headers=stranger, timeout=30).json()["symbols"]
    return {name: each["options"] for name, each in symbols.items() if name.startswith("R_DKIM")}
