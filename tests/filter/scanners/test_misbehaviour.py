"""F14: engines that refuse, hang up, hang, cut, drip, flood or talk nonsense."""

import time

import pytest
from structlog.testing import capture_logs

from filter.dns import Resolver
from filter.scanners import Scanners
from filter.scanners.reporting import Reporting
from mailstore import scanners as scanner_rows
from mailstore.settings import Settings
from mailstore.store import Store
from tests.factories import RAW
from tests.filter.background import Background
from tests.filter.scanners.conftest import MakeFake, Scan
from tests.filter.scanners.fakes import Manner

CLEAN = {
    "clamav": b"stream: OK\0",
    "rspamd": b'HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n{"score":0,"required_score":15}',
}
PATIENCE = 0.5
LARGE = RAW + b"x\r\n" * 1_000_000


def named(engine: str, port: int) -> dict[str, object]:
    where = f"127.0.0.1:{port}"
    if engine == "clamav":
        return {"scanner_seconds": PATIENCE, "clamav": where}
    return {"scanner_seconds": PATIENCE, "rspamd_url": f"http://{where}"}


@pytest.mark.parametrize("engine", CLEAN)
def test_the_reply_that_the_others_spoil_is_clean(
    scan: Scan, a_fake: MakeFake, engine: str
) -> None:
    assert scan(RAW, **named(engine, a_fake(CLEAN[engine]).port)) == []


@pytest.mark.parametrize("raw", [RAW, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("manner", [each for each in Manner if each is not Manner.SAYS])
@pytest.mark.parametrize("engine", CLEAN)
def test_an_engine_that_misbehaves_never_says_clean(
    scan: Scan, a_fake: MakeFake, engine: str, manner: Manner, raw: bytes
) -> None:
    begun = time.monotonic()
    found = scan(raw, **named(engine, a_fake(CLEAN[engine], manner).port))
    assert [name for name, _ in found] == ["UNSCANNED"]
    assert found[0][1].startswith(f"{engine}: ")
    assert time.monotonic() - begun < PATIENCE + 2


@pytest.mark.parametrize("engine", CLEAN)
def test_an_engine_that_is_not_there_is_said_to_be_silent(
    scan: Scan, closed_port: int, engine: str
) -> None:
    ((name, detail),) = scan(RAW, **named(engine, closed_port))
    assert (name, detail.partition(":")[0]) == ("UNSCANNED", engine)


@pytest.mark.parametrize(
    "reply",
    [
        b"stream: OK\n",
        b"OK\0",
        b"stream: \0",
        b"stream:  FOUND\0",
        b"stream: a\nb FOUND\0",
        b"stream: OK FOUND OK\0",
        b"\xff\xfe\0",
        b"stream: " + b"x" * 300 + b" FOUND\0",
        b"UNKNOWN COMMAND\0",
        b"INSTREAM: Can't write to temporary file. ERROR\0",
        b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0",
    ],
    ids=[
        "no end",
        "half",
        "empty",
        "no name",
        "two lines",
        "both",
        "no text",
        "a long name",
        "not this command",
        "no space",
        "not all of it",
    ],
)
def test_what_clamd_never_says_is_not_scanned(scan: Scan, a_fake: MakeFake, reply: bytes) -> None:
    assert [name for name, _ in scan(RAW, **named("clamav", a_fake(reply).port))] == ["UNSCANNED"]


def test_one_engine_that_is_silent_does_not_silence_the_other(
    scan: Scan, a_fake: MakeFake, closed_port: int
) -> None:
    virus = a_fake(b"stream: Eicar FOUND\0")
    found = scan(RAW, **named("rspamd", closed_port), clamav=f"127.0.0.1:{virus.port}")
    assert sorted(name for name, _ in found) == ["UNSCANNED", "VIRUS_FOUND"]


def test_a_change_is_logged_once(
    scan: Scan, a_fake: MakeFake, scanners: object, closed_port: int
) -> None:
    assert callable(scanners)
    fake = a_fake(CLEAN["clamav"])
    using = scanners(**named("clamav", fake.port))
    with capture_logs() as logs:
        for manner in (Manner.SAYS, Manner.CUTS, Manner.HANGS_UP, Manner.SAYS, Manner.SAYS):
            fake.manner = manner
            scan(RAW, using=using)
    assert [(each["event"], each["engine"]) for each in logs] == [
        ("scanner_silent", "clamav"),
        ("scanner_answers", "clamav"),
    ]


def test_administrators_are_told_of_each_change_once(
    scan: Scan, a_fake: MakeFake, store: Store, background: Background
) -> None:
    fake = a_fake(CLEAN["clamav"])
    settings = Settings().model_copy(update=named("clamav", fake.port))
    told: list[str | None] = []
    reporting = Reporting(store)

    def tell(name: str, why: str | None) -> None:
        told.append(why)
        reporting.tell(name, why)

    using = Scanners(settings, Resolver(settings), tell)
    seen = []
    for manner in (Manner.SAYS, Manner.CUTS, Manner.HANGS_UP, Manner.SAYS, Manner.SAYS):
        fake.manner = manner
        scan(RAW, using=using)
        background.run(reporting.settled())
        with store.read() as db:
            seen.append([each.name for each in scanner_rows.silent(db)])
    assert [why is None for why in told] == [True, False, True]
    assert seen == [[], ["clamav"], ["clamav"], [], []]
