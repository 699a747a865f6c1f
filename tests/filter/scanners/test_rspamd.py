import json
from collections.abc import Callable
from typing import Any

import pytest

from filter.rules.gtube import TEST_STRING
from filter.scanners import Scanners
from mailstore.addresses import Address
from mailstore.envelopes import Client
from tests.factories import RAW
from tests.filter.background import Background
from tests.filter.scanners.conftest import MakeFake, Scan
from tests.filter.scanners.engines import Daemon

LOCAL = Client("127.0.0.1", "localhost", user="anna")
DATED = b"Date: Tue, 24 Nov 2026 12:00:00 +0100\r\n" + RAW


def at(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def http(body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nServer: rspamd/0\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def judged(**said: Any) -> bytes:
    return http(json.dumps({"required_score": 15.0, "action": "no action"} | said).encode())


def test_rspamd_finds_no_fault_with_ordinary_mail(scan: Scan, rspamd: Daemon) -> None:
    assert scan(DATED, rspamd_url=at(rspamd.port), client=LOCAL) == []


def test_rspamd_reads_a_mail_that_lies_in_a_file(scan: Scan, rspamd: Daemon) -> None:
    found = scan(DATED + b"Guten Tag\r\n" * 100_000, rspamd_url=at(rspamd.port), client=LOCAL)
    assert "UNSCANNED" not in [name for name, _ in found]


@pytest.mark.parametrize(
    "text", ["Sie haben gewonnen! ", "You have won! "], ids=["German", "English"]
)
def test_rspamd_rejects_the_test_string_for_spam(scan: Scan, rspamd: Daemon, text: str) -> None:
    raw = DATED + text.encode() + TEST_STRING + b"\r\n"
    ((name, detail),) = scan(raw, rspamd_url=at(rspamd.port) + "/")
    assert name == "RSPAMD_SPAM"
    assert detail.endswith(" of 15.0")


def test_rspamd_says_its_version(
    background: Background, rspamd: Daemon, scanners: Callable[..., Scanners]
) -> None:
    (health,) = background.run(scanners(rspamd_url=at(rspamd.port)).health())
    assert (health.name, health.well) == ("rspamd", True)
    assert "rspamd" in health.says


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"score": 5.9}, []),
        ({"score": -3}, []),
        ({"score": 0, "action": "soft reject"}, []),
        ({"score": 6.0}, [("RSPAMD_PROBABLY", "6.0 of 15.0")]),
        ({"score": 14.9, "action": "add header"}, [("RSPAMD_PROBABLY", "14.9 of 15.0")]),
        ({"score": 15.0}, [("RSPAMD_SPAM", "15.0 of 15.0")]),
        ({"score": 4.0, "required_score": 10.0}, [("RSPAMD_PROBABLY", "4.0 of 10.0")]),
        ({"score": 0, "action": "reject"}, [("RSPAMD_SPAM", "0.0 of 15.0")]),
    ],
    ids=["below", "good", "come again", "probably", "marked", "spam", "tuned", "rejects anyway"],
)
def test_a_score_is_read_as_a_share_of_what_rspamd_rejects_at(
    scan: Scan, a_fake: MakeFake, said: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    assert scan(RAW, rspamd_url=at(a_fake(judged(**said)).port)) == found


@pytest.mark.parametrize(
    "reply",
    [
        http(b"{"),
        http(b"[]"),
        http(b"null"),
        http(b"[" * 200_000),
        judged(),
        judged(score="1"),
        judged(score=float("nan")),
        judged(score=1.0, required_score=0),
        judged(score=1.0, required_score=None),
        http(b'{"error":"too large"}', "413 Too Large"),
        http(b"", "500 Oops"),
        http(b"", "302 Found"),
        http(b'{"score":0,"required_score":15}' + b" " * 2**21),
        b"stream: OK\0",
    ],
    ids=[
        "cut",
        "a list",
        "nothing",
        "deep",
        "no score",
        "text",
        "not a number",
        "rejects all",
        "rejects never",
        "too large",
        "broken",
        "elsewhere",
        "huge",
        "not HTTP",
    ],
)
def test_what_is_no_score_is_not_scanned(scan: Scan, a_fake: MakeFake, reply: bytes) -> None:
    ((name, detail),) = scan(RAW, rspamd_url=at(a_fake(reply).port))
    assert (name, detail[:8]) == ("UNSCANNED", "rspamd: ")


def test_rspamd_is_told_who_sent_it_whatever_a_stranger_calls_himself(
    scan: Scan, a_fake: MakeFake
) -> None:
    fake = a_fake(judged(score=0))
    hostile = Client("192.0.2.7", "a\r\nX-Evil: ü\0b" + "c" * 9000)
    sender = Address("käthe", "bergpost.example")
    assert scan(RAW, rspamd_url=at(fake.port), client=hostile, sender=sender) == []
    lines = bytes(fake.got).split(b"\r\n")
    assert b"IP: 192.0.2.7" in lines
    assert "From: käthe@bergpost.example".encode() in lines
    assert any(line.startswith("Helo: a??X-Evil: ü?bccc".encode()) for line in lines)
    assert not any(line.startswith(b"X-Evil") for line in lines)
