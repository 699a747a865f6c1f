from pathlib import Path
from typing import Any

import dkim
import pytest
from sqlalchemy import select, update

from filter import headers
from filter.content import wire_bytes
from filter.delivery import drain
from filter.seal import arc_set
from mailstore import domains
from mailstore.deliveries import Delivery
from mailstore.envelopes import MailClass
from mailstore.events import Event
from mailstore.messages import Message
from mailstore.settings import Settings
from mailstore.store import Store
from tests.factories import NOON, PEER, RAW
from tests.filter.authentication.zone import a_key, as_pem, published
from tests.filter.conftest import Queue
from tests.filter.sink import Sink, unstuffed

US = "mx.mailhafen.test"
RESULTS = [
    "spf=pass smtp.mailfrom=bob@there.example",
    "dmarc=pass (p=reject) header.from=x.example",
]


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "arc.pem"
    path.write_bytes(as_pem(a_key()))
    return path


@pytest.fixture
def sealing(store: Store, key: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Return a store whose settings name a key, with the seal switched on for Anna's domain."""
    known = store.settings.model_copy(update={"arc_key": key, "arc_selector": "s1"})
    monkeypatch.setattr(store, "settings", known)
    return store


def switch_on(store: Store) -> bool:
    with store.write() as db:
        return domains.set_seal(db, "muster.example", on=True, by="operator")


def lines(results: list[str]) -> str:
    return headers.trace(PEER, US, "0123abcd", NOON, results)


def arrived(store: Store, queue: Queue, mail_class: MailClass) -> Delivery:
    """Return a queued mail that came in with results of ours."""
    queued = queue(mail_class=mail_class)
    with store.write() as db:
        db.execute(update(Message).values(headers=lines(RESULTS)))
    queued.message.headers = lines(RESULTS)
    return queued


def verified(raw: bytes) -> Any:
    (pieces,) = published(US).values()
    key = "".join(pieces[0]).encode()
    return dkim.arc_verify(raw, dnsfunc=lambda *_, **__: key)


def test_a_tagged_newsletter_arrives_under_a_set_that_verifies(
    hop: Sink, queue: Queue, sealing: Store
) -> None:
    queued = arrived(sealing, queue, MailClass.NEWSLETTER)
    assert switch_on(sealing)
    drain(sealing, queued.lane_id)
    (wire,) = hop.mails
    result, sets, _ = verified(unstuffed(wire))
    assert (result, len(sets)) == (b"pass", 1)
    assert b"Subject: [PUB] Plans" in wire
    assert b"dmarc=pass" in sets[0]["aar-value"]


@pytest.mark.parametrize("mail_class", [MailClass.NEWSLETTER, MailClass.CLEAN])
@pytest.mark.parametrize("on", [True, False])
def test_only_what_we_change_for_a_domain_that_asks_is_sealed(
    queue: Queue, sealing: Store, mail_class: MailClass, on: bool
) -> None:
    queued = arrived(sealing, queue, mail_class)
    if on:
        switch_on(sealing)
    sealed = b"".join(wire_bytes(sealing, queued)).startswith(b"ARC-Seal: i=1; cv=none;")
    assert sealed is (on and mail_class is MailClass.NEWSLETTER)


def test_without_a_key_nothing_is_sealed(queue: Queue, store: Store) -> None:
    queued = arrived(store, queue, MailClass.NEWSLETTER)
    switch_on(store)
    assert b"ARC-Seal" not in b"".join(wire_bytes(store, queued))


@pytest.mark.parametrize(
    ("results", "above", "sets"),
    [
        ([*RESULTS, "arc=none"], b"", 1),
        (RESULTS, b"Authentication-Results: (odd; mx\xff; ==\r\n", 1),
        (RESULTS, b"Authentication-Results: other.example; spf=fail\r\n", 1),
        ([], b"", 1),
        (['spf=pass smtp.helo="x; y=z"'], b"", 1),
        (['dkim=fail (signs only a part) header.d=x.example header.b="a/b+c"'], b"", 1),
        ([*RESULTS, "arc=fail"], b"ARC-Seal: i=1; nonsense\r\n", 1),
        (RESULTS, b"ARC-Seal: i=1; nonsense\r\n", 0),
        (RESULTS, b"X: y\r\n" * 1001, 0),
    ],
    ids=[
        "no chain before",
        "unreadable results of others",
        "results of others",
        "no results",
        "quoted value",
        "comment",
        "broken chain before",
        "chain nobody looked at",
        "huge header",
    ],
)
def test_what_cannot_be_sealed_goes_without(
    settings: Settings, key: Path, results: list[str], above: bytes, sets: int
) -> None:
    known = settings.model_copy(update={"arc_key": key, "hostname": US})
    made = arc_set(known, lines(results).encode() + above + RAW)
    assert made.count(b"ARC-Seal: ") == sets


def test_a_missing_key_stops_no_mail(settings: Settings, tmp_path: Path) -> None:
    known = settings.model_copy(update={"arc_key": tmp_path / "none.pem", "hostname": US})
    assert arc_set(known, lines(RESULTS).encode() + RAW) == b""


def test_switching_is_done_once_and_noted(hop: Sink, store: Store) -> None:
    assert [switch_on(store), switch_on(store)] == [True, False]
    with store.write() as db:
        assert domains.set_seal(db, "nowhere.example", on=True, by="operator") is False
        assert domains.set_seal(db, "muster.example", on=False, by="operator") is True
    with store.read() as db:
        kinds = db.scalars(select(Event.kind).where(Event.kind.startswith("arc_"))).all()
    assert list(kinds) == ["arc_seal_on", "arc_seal_off"]
