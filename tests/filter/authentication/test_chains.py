from typing import Any

import dkim
import pytest

from filter.authentication import authenticate
from filter.authentication.chains import check_arc, says_dmarc_pass
from filter.authentication.questions import Questions
from mailstore.mime import Mail
from tests.filter.authentication.zone import (
    BOB,
    CLIENT,
    Zone,
    a_key,
    as_pem,
    dmarc,
    published,
)
from tests.filter.exams import raw_mail

LIST = "lists.example"
MAIL = raw_mail("From: Bob <bob@there.example>\nSubject: [Berge] Pläne\n\nBis bald!\n")
PROVEN = "dmarc=pass header.from=there.example"
SEALED_BY = published(LIST)


def sealed(raw: bytes, results: str = PROVEN, by: str = LIST) -> bytes:
    """Return a mail under an ARC set that a forwarder made of its results."""
    seen = f"Authentication-Results: {by}; {results}\r\n".encode() + raw
    made: list[bytes] = dkim.arc_sign(seen, b"s1", by.encode(), as_pem(a_key()), by.encode())
    assert made
    return b"".join(made) + seen


def check(
    raw: bytes, sealers: list[str], records: dict[Any, Any] | None = None
) -> tuple[str, bool]:
    zone = Zone(SEALED_BY if records is None else records)
    return check_arc(raw, "there.example", sealers, Questions(zone))


@pytest.mark.parametrize(
    ("raw", "sealers", "result"),
    [
        (sealed(MAIL), [LIST], ("pass", True)),
        (sealed(MAIL), [], ("pass", False)),
        (sealed(MAIL), ["other.example"], ("pass", False)),
        (sealed(MAIL, "dmarc=fail header.from=there.example"), [LIST], ("pass", False)),
        (sealed(MAIL, "dmarc=pass header.from=evil.example"), [LIST], ("pass", False)),
        (sealed(MAIL, "spf=pass smtp.mailfrom=there.example"), [LIST], ("pass", False)),
        (sealed(MAIL).replace(b"Bis bald", b"Zahlen Sie"), [LIST], ("fail", False)),
        (sealed(MAIL).replace(b"dmarc=pass", b"dmarc=PASS", 1), [LIST], ("fail", False)),
        (sealed(MAIL).replace(b"c=relaxed", b"l=0; c=relaxed"), [LIST], ("fail", False)),
        (MAIL, [LIST], ("none", False)),
        (b"ARC-Seal: i=1; nonsense\r\n" + MAIL, [LIST], ("fail", False)),
        (b"ARC-Seal: i=11; d=x\r\n" + MAIL, [LIST], ("fail", False)),
        (b"ARC-Seal: nonsense\r\n" + MAIL, [LIST], ("none", False)),
    ],
    ids=[
        "a listed sealer",
        "no list",
        "another sealer",
        "DMARC failed there",
        "proven for somebody else",
        "no DMARC there",
        "body changed since",
        "results changed since",
        "signs only a part",
        "no chain",
        "nonsense",
        "too many sets",
        "no number",
    ],
)
def test_only_the_chain_of_a_listed_sealer_proves_the_author(
    raw: bytes, sealers: list[str], result: tuple[str, bool]
) -> None:
    assert check(raw, sealers) == result


def twice(outer: str) -> bytes:
    return sealed(sealed(MAIL), "arc=pass; dmarc=fail header.from=there.example", outer)


@pytest.mark.parametrize(
    ("sealers", "proven"),
    [([LIST, "post.example"], True), ([LIST], False), (["post.example"], False)],
    ids=["both listed", "only the first", "only the last"],
)
def test_every_sealer_since_the_proof_must_be_listed(sealers: list[str], proven: bool) -> None:
    records = SEALED_BY | published("post.example")
    assert check(twice("post.example"), sealers, records) == ("pass", proven)


def test_a_key_that_cannot_be_looked_up_is_no_broken_chain() -> None:
    assert check(sealed(MAIL), [LIST], {("TXT", f"s1._domainkey.{LIST}"): None}) == (
        "neutral",
        False,
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("i=1; mx.x; dmarc=pass header.from=there.example", True),
        ("i=1; mx.x; DMARC=PASS (p=none; x) header.from=There.Example", True),
        ("i=1; mx.x; spf=pass (dmarc=pass header.from=there.example)", False),
        ('i=1; mx.x; spf=fail smtp.helo="; dmarc=pass header.from=there.example"', False),
        ("i=1; mx.x; dmarc=fail header.from=there.example", False),
        ("i=1; mx.x; x=dmarc=pass header.from=there.example", False),
        ("", False),
    ],
    ids=["plain", "upper case and comment", "in a comment", "quoted", "fail", "elsewhere", "empty"],
)
def test_results_are_read_without_comments_and_quotes(text: str, says: bool) -> None:
    assert says_dmarc_pass(text, "there.example") is says


@pytest.mark.parametrize(
    ("sealers", "proofs", "line"),
    [([LIST], ("arc",), ["arc=pass"]), ([], (), ["arc=pass"]), (None, (), [])],
    ids=["listed", "asked for our seal only", "not asked"],
)
def test_a_believed_chain_is_a_proof_of_its_own(
    sealers: list[str] | None, proofs: tuple[str, ...], line: list[str]
) -> None:
    zone = Zone(SEALED_BY | dmarc("p=reject"))
    found = authenticate(Mail(sealed(MAIL)), CLIENT, BOB, zone, sealers)
    assert (found.proofs, found.dmarc.result) == (proofs, "fail")
    assert [each for each in found.lines if each.startswith("arc")] == line
