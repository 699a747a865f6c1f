import base64
from collections.abc import Callable

import pytest

from filter.scanners import Scanners
from tests.factories import RAW
from tests.filter.background import Background
from tests.filter.exams import raw_mail
from tests.filter.scanners.conftest import Scan
from tests.filter.scanners.engines import GUESS, GUESSED, SIGNATURE, STREAM_LIMIT, VIRUS, Daemon

ATTACHED = raw_mail(f"""
From: Käthe <kaethe@bergpost.example>
Subject: Rechnung
Content-Type: application/octet-stream; name="Rechnung.bin"
Content-Transfer-Encoding: base64

{base64.encodebytes(b"vorher " + VIRUS + b" nachher").decode()}
""")


def at(clamd: Daemon) -> str:
    return f"127.0.0.1:{clamd.port}"


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (RAW, []),
        (b"", []),
        (RAW + VIRUS, [("VIRUS_FOUND", SIGNATURE)]),
        (ATTACHED, [("VIRUS_FOUND", SIGNATURE)]),
        (RAW + GUESS, [("CLAMAV_SUSPECTS", GUESSED)]),
        (RAW + b"x\r\n" * 100_000 + VIRUS, [("VIRUS_FOUND", SIGNATURE)]),
    ],
    ids=["clean", "nothing at all", "virus", "German, attached", "a guess", "at the end of a file"],
)
def test_clamd_says_what_it_knows(
    scan: Scan, clamd: Daemon, raw: bytes, found: list[tuple[str, str]]
) -> None:
    assert scan(raw, clamav=at(clamd)) == found


def test_clamd_answers_at_its_socket_too(scan: Scan, clamd: Daemon) -> None:
    assert scan(RAW + VIRUS, clamav=str(clamd.folder / "clamd.sock")) == [
        ("VIRUS_FOUND", SIGNATURE)
    ]


def test_what_is_too_large_for_clamd_is_not_scanned(scan: Scan, clamd: Daemon) -> None:
    large = RAW + b"x\r\n" * STREAM_LIMIT
    ((symbol, why),) = scan(large, clamav=at(clamd))
    # Its words can be lost with the connection, which it closes with our bytes still on their way.
    assert symbol == "UNSCANNED"
    assert why in {"clamav: too large for it", "clamav: it hung up before it had everything"}


def test_what_is_larger_than_the_setting_is_not_even_sent(scan: Scan, closed_port: int) -> None:
    found = scan(RAW, clamav=f"127.0.0.1:{closed_port}", scanner_max_bytes=len(RAW) - 1)
    assert found == [("UNSCANNED", "clamav: too large to be asked for")]


def test_clamd_says_its_version(
    background: Background, clamd: Daemon, scanners: Callable[..., Scanners]
) -> None:
    (health,) = background.run(scanners(clamav=at(clamd)).health())
    assert (health.name, health.well) == ("clamav", True)
    assert health.says.startswith("ClamAV ")
