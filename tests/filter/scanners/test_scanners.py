from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from filter import reply
from filter.scanners import Scanners
from filter.scanners.command import scanners as command
from filter.scanners.engine import CHUNK, Question
from filter.spool import Spool
from mailstore import policies
from mailstore.deliveries import State
from mailstore.errors import Misconfigured
from mailstore.mailboxes import Mailbox
from mailstore.policies import PolicyRow
from mailstore.senders import Listed, SenderEntry
from tests.factories import ANNA, BOB, RAW
from tests.filter.conftest import MakeRelay
from tests.filter.exams import STRANGER
from tests.filter.relay import CARLA, Relay
from tests.filter.scanners.conftest import MakeFake
from tests.filter.scanners.engines import VIRUS, Daemon


def test_without_a_setting_nobody_is_asked(scanners: Callable[..., Scanners]) -> None:
    assert not scanners().on


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rspamd_url", "127.0.0.1:11333"),
        ("rspamd_url", "http://"),
        ("clamav", "localhost"),
        ("clamav", "localhost:0"),
        ("dns_lists", "zen.example=many"),
        ("dns_lists", "zen.example=-1"),
        ("dns_lists", "zen.example=nan"),
        ("dns_domain_lists", "not a domain"),
    ],
)
def test_an_engine_that_cannot_be_asked_stops_the_start(
    scanners: Callable[..., Scanners], name: str, text: str
) -> None:
    with pytest.raises(Misconfigured, match="MAILHAFEN_"):
        scanners(**{name: text})


@pytest.mark.parametrize("size", [0, 10, CHUNK, CHUNK + 1, 5 * CHUNK], ids=str)
def test_two_who_read_one_mail_do_not_disturb_each_other(tmp_path: Path, size: int) -> None:
    with Spool(tmp_path) as spool:
        spool.write(bytes(range(250)) * (size // 250 + 1))
        question = Question(STRANGER, None, spool.content())
        first, second = question.chunks(), question.chunks()
        beginning = next(first)
        rest = b"".join(second)
        assert beginning + b"".join(first) == rest == b"".join(spool.chunks())
        assert question.size == len(rest)


def deferring(relay: Relay, number: int) -> None:
    """Give somebody a policy of their own that puts off what is not scanned."""
    with relay.store.write() as db:
        parent = policies.recommended(db).id
        row = PolicyRow(name="Later", values={"unscanned": "defer"}, parent_id=parent)
        db.add(row)
        db.flush()
        db.get_one(Mailbox, relay.mailboxes[number]).policy_id = row.id


def sent(relay: Relay, raw: bytes, *recipients: str) -> str:
    with relay.talk() as talk:
        return talk.mail(raw, *recipients)


@pytest.fixture
def unscanning(a_relay: MakeRelay, closed_port: int) -> Relay:
    """Return a relay whose virus scanner is gone; Anna's policy puts off what is not scanned."""
    relay = a_relay(clamav=f"127.0.0.1:{closed_port}")
    deferring(relay, 0)
    return relay


def test_mail_that_nobody_scanned_is_put_off_where_a_policy_says_so(unscanning: Relay) -> None:
    assert sent(unscanning, RAW, ANNA) == reply.NOT_SCANNED
    assert (unscanning.messages(), unscanning.refusals()) == ([], [])


def test_mail_that_nobody_scanned_is_held(unscanning: Relay) -> None:
    assert sent(unscanning, RAW, CARLA).startswith("250 ")
    (delivery,) = unscanning.deliveries()
    assert (delivery.state, delivery.reason) == (State.QUARANTINED, "not scanned")
    assert ["UNSCANNED", "clamav: connection refused"] in [each[:2] for each in delivery.symbols]


def test_mail_that_another_recipient_takes_is_held_instead_of_put_off(unscanning: Relay) -> None:
    assert sent(unscanning, RAW, ANNA, CARLA).startswith("250 ")
    states = {each.recipient: each.state for each in unscanning.deliveries()}
    assert states == {ANNA: State.QUARANTINED, CARLA: State.QUARANTINED}


def listed_for_carla(relay: Relay, verdict: Listed) -> None:
    with relay.store.write() as db:
        carla = db.get_one(Mailbox, relay.mailboxes[2])
        entry = SenderEntry(
            tenant_id=carla.tenant_id,
            mailbox_id=carla.id,
            listed=verdict,
            pattern=BOB.key,
            by="test",
        )
        db.add(entry)


def test_an_allowed_author_is_scanned_like_everybody(unscanning: Relay) -> None:
    listed_for_carla(unscanning, Listed.ALLOWED)
    sent(unscanning, RAW, CARLA)
    assert [each.state for each in unscanning.deliveries()] == [State.QUARANTINED]


def test_mail_that_one_refuses_and_one_puts_off_comes_again_for_both(unscanning: Relay) -> None:
    listed_for_carla(unscanning, Listed.BLOCKED)
    assert sent(unscanning, RAW, CARLA, ANNA) == reply.NOT_SCANNED
    assert (unscanning.messages(), unscanning.refusals()) == ([], [])


def test_a_virus_that_only_clamd_knows_is_refused_though_another_engine_is_silent(
    a_relay: MakeRelay, clamd: Daemon, closed_port: int
) -> None:
    relay = a_relay(clamav=f"127.0.0.1:{clamd.port}", rspamd_url=f"http://127.0.0.1:{closed_port}")
    deferring(relay, 0)
    assert sent(relay, RAW + VIRUS + b"\r\n", ANNA, CARLA) == "550 5.7.1 Virus found"
    assert [each.reason for each in relay.refusals()] == ["mandatory rule VIRUS_FOUND"] * 2


def test_clean_mail_passes_both_of_debians_engines(
    a_relay: MakeRelay, clamd: Daemon, rspamd: Daemon
) -> None:
    relay = a_relay(clamav=f"127.0.0.1:{clamd.port}", rspamd_url=f"http://127.0.0.1:{rspamd.port}")
    dated = b"Date: Tue, 24 Nov 2026 12:00:00 +0100\r\n" + RAW
    assert sent(relay, dated, ANNA).startswith("250 ")
    assert [each.state for each in relay.deliveries()] == [State.QUEUED]


def test_a_command_says_who_answers(
    monkeypatch: pytest.MonkeyPatch, a_fake: MakeFake, closed_port: int
) -> None:
    fake = a_fake(b"ClamAV 1.4\0")
    monkeypatch.setenv("MAILHAFEN_CLAMAV", f"127.0.0.1:{fake.port}")
    well = CliRunner().invoke(command)
    monkeypatch.setenv("MAILHAFEN_CLAMAV", f"127.0.0.1:{closed_port}")
    silent = CliRunner().invoke(command)
    assert (well.exit_code, silent.exit_code) == (0, 1)
    assert well.output.startswith("clamav: answers after ")
    assert silent.output.startswith("clamav: SILENT after ")


def test_a_command_says_that_nobody_is_named() -> None:
    assert CliRunner().invoke(command).output == "No scanner is named in the settings.\n"
