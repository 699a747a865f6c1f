import shutil
import subprocess
import sys
import time
from typing import Any

import dkim
import pytest
from nacl.encoding import Base64Encoder
from nacl.signing import SigningKey

from filter.authentication import signatures
from filter.authentication.questions import Questions
from filter.authentication.signatures import Signature, check_dkim
from tests.filter.authentication.zone import Zone, published, signed
from tests.filter.exams import raw_mail

THERE = "there.example"
MAIL = raw_mail("From: Bob <bob@there.example>\nSubject: Plans\nTo: anna@x.example\n\nAt noon?\n")
GERMAN = raw_mail("From: Käthe <kaethe@there.example>\nSubject: Grüsse\n\nBis bald in Chur!\n")
KEY = ("TXT", "s1._domainkey.there.example")


def check(raw: bytes, records: dict[tuple[str, str], Any] | None = None) -> list[Signature]:
    zone = Zone(published() if records is None else records)
    return list(check_dkim(raw, THERE, Questions(zone)))


def said(raw: bytes, records: dict[tuple[str, str], Any] | None = None) -> tuple[str, str]:
    (found,) = check(raw, records)
    return found.result, found.comment


@pytest.mark.parametrize("raw", [MAIL, GERMAN, b"From: bob@there.example\r\n\r\n"])
@pytest.mark.parametrize("body", [b"relaxed", b"simple"])
def test_an_honest_signature_passes(raw: bytes, body: bytes) -> None:
    assert said(signed(raw, canonicalize=(b"relaxed", body))) == ("pass", "")


def test_an_ed25519_signature_passes() -> None:
    key = SigningKey.generate()
    private, public = key.encode(Base64Encoder), key.verify_key.encode(Base64Encoder).decode()
    made = dkim.sign(MAIL, b"s1", THERE.encode(), private, signature_algorithm=b"ed25519-sha256")
    assert said(made + MAIL, {KEY: [[f"v=DKIM1; k=ed25519; p={public}"]]}) == ("pass", "")


def test_a_signature_is_told_by_domain_selector_and_its_beginning() -> None:
    raw = signed(MAIL)
    (found,) = check(raw)
    start = b"".join(raw.partition(b" b=")[2].split())[:8]
    assert found == Signature(THERE, "s1", start.decode(), "pass")


def with_tag(raw: bytes, tag: bytes) -> bytes:
    return raw.replace(b"v=1;", b"v=1; " + tag + b";", 1)


@pytest.mark.parametrize(
    ("raw", "result"),
    [
        (signed(MAIL, length=True), ("fail", "signs only a part")),
        (signed(MAIL, length=True) + b"Buy now!\r\n", ("fail", "signs only a part")),
        (signed(MAIL, signature_algorithm=b"rsa-sha1"), ("fail", "SHA-1 is broken")),
        (with_tag(signed(MAIL), b"x=1700000000"), ("fail", "expired")),
        (with_tag(signed(MAIL), b"x=soon"), ("fail", "expired")),
        (signed(MAIL) + b"Buy now!\r\n", ("fail", "the body was changed")),
        (signed(MAIL).replace(b"Plans", b"Offer"), ("fail", "does not fit the content")),
        (b"Subject: Offer\r\n" + signed(MAIL), ("fail", "a field was added")),
        (signed(MAIL, include_headers=[b"from"]), ("pass", "")),
        (b"X-Note: seen\r\n" + signed(MAIL), ("pass", "")),
        (b"From: boss@bank.example\r\n" + signed(MAIL), ("fail", "does not fit the content")),
        (
            signed(MAIL, include_headers=[b"from", b"from"]).replace(b"h=from : from", b"h=to"),
            ("permerror", "does not sign From"),
        ),
        (b"DKIM-Signature: v=1; a=rsa-sha256\r\n" + MAIL, ("permerror", "no domain or selector")),
        (b"DKIM-Signature: \r\n" + MAIL, ("permerror", "no domain or selector")),
        (
            b"DKIM-Signature: d=there.example; s=s1; h=from\r\n" + MAIL,
            ("permerror", "cannot be read"),
        ),
    ],
    ids=[
        "l=",
        "l= and text added",
        "SHA-1",
        "expired",
        "odd expiry",
        "text added",
        "Subject changed",
        "second Subject above",
        "only From signed",
        "other field above",
        "second From above",
        "From not signed",
        "no domain",
        "empty",
        "no value",
    ],
)
def test_what_is_weak_or_does_not_fit_counts_for_nothing(
    raw: bytes, result: tuple[str, str]
) -> None:
    assert said(raw) == result


@pytest.mark.parametrize(
    ("records", "result"),
    [
        ({KEY: None}, ("temperror", "the key cannot be looked up now")),
        ({}, ("permerror", "no key")),
        ({KEY: [["v=DKIM1; p="]]}, ("permerror", "the key was revoked")),
        ({KEY: [["v=DKIM1; p=AAAA"]]}, ("fail", "does not fit the content")),
        ({KEY: [["nonsense"]]}, ("permerror", "the key was revoked")),
        (published(tags="h=sha1; "), ("permerror", "the key is not for this")),
        (published(tags="h=sha1:sha256; t=y; "), ("pass", "")),
    ],
    ids=[
        "silence",
        "no record",
        "revoked",
        "no key in it",
        "nonsense",
        "SHA-1 only",
        "SHA-256 too",
    ],
)
def test_the_key_decides_too(records: dict[Any, Any], result: tuple[str, str]) -> None:
    assert said(signed(MAIL), records) == result


def test_a_key_for_one_domain_signs_for_no_subdomain() -> None:
    raw = signed(MAIL, identity=b"@mail.there.example")
    assert said(raw, published(tags="t=s; ")) == ("permerror", "the key is not for subdomains")


def openssl(*words: str, given: bytes = b"") -> bytes:
    """Return what openssl makes: the library of our own refuses such short keys."""
    command = [shutil.which("openssl") or "openssl", *words]
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout  # noqa: S603 (fixed words)


def test_a_short_key_counts_for_nothing() -> None:
    pem = openssl("genrsa", "-traditional", "768")
    public = openssl("rsa", "-pubout", given=pem).decode()
    raw = dkim.sign(MAIL, b"s1", THERE.encode(), pem) + MAIL
    key = "".join(public.splitlines()[1:-1])
    assert said(raw, {KEY: [[f"v=DKIM1; p={key}"]]}) == ("fail", "the key is too short")


def test_eight_of_fifty_signatures_are_verified_the_authors_own_first() -> None:
    raw = signed(MAIL)
    for number in range(49):
        raw = signed(MAIL, f"evil{number}.example").partition(b"From:")[0] + raw
    found = check(raw)
    assert len(found) == 8
    assert (found[0].domain, found[0].result) == (THERE, "pass")


@pytest.mark.parametrize(
    "hostile",
    [
        MAIL + (b" " * 60_000 + b"x\r\n") * 100,
        MAIL + b"\r\n" * 500_000,
        b"X-Long: " + b"a" * 10 + b"\r\n " * 60_000 + b"\r\n" + MAIL,
        b"X: y\r\n" * 900 + MAIL,
    ],
    ids=["long lines of blanks", "empty lines", "many folds", "many fields"],
)
def test_a_hostile_mail_takes_no_time(hostile: bytes) -> None:
    head = signed(MAIL).partition(b"From:")[0]
    begun = time.process_time()
    check(head * 8 + hostile)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    "value",
    [
        b" " * 7000 + b"!",
        b"\r\n " * 2500 + b"!",
        b"a" * 7000 + b"!",
        (b"a" + b" " * 150) * 40 + b"!",
        b";b=" * 2500,
        b"a:" * 3500,
    ],
    ids=["blanks", "folds", "letters", "letters and blanks", "tags", "colons"],
)
@pytest.mark.parametrize("tag", [b"b", b"bh", b"h", b"c", b"i", b"x"])
def test_a_hostile_signature_takes_no_time(tag: bytes, value: bytes) -> None:
    tags = {b"v": b"1", b"a": b"rsa-sha256", b"d": b"there.example", b"s": b"s1", b"h": b"from"}
    tags |= {b"b": b"QUJD", b"bh": b"QUJD"} | {tag: value}
    field = b"DKIM-Signature: " + b"; ".join(b"=".join(each) for each in tags.items())
    begun = time.process_time()
    check(field + b"\r\n" + MAIL)
    assert time.process_time() - begun < 0.1


def test_what_takes_too_long_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signatures, "CPU_SECONDS", -1)
    assert said(signed(MAIL)) == ("neutral", "not tried")


def test_a_huge_header_is_not_verified() -> None:
    assert check(b"X: y\r\n" * 1001 + signed(MAIL)) == []


NO_SIGNATURE = """
import sys
from filter.authentication import authenticate
from mailstore.envelopes import Client
from mailstore.mime import Mail
mail = Mail(b"From: bob@there.example\\r\\n\\r\\n")
authenticate(mail, Client("192.0.2.7", "x"), "", lambda what: [], ["x.example"])
sys.exit("dkim" in sys.modules)
"""


def test_the_mathematics_are_imported_for_signed_mail_only() -> None:
    done = subprocess.run([sys.executable, "-c", NO_SIGNATURE], check=False)  # noqa: S603 (our own text)
    assert done.returncode == 0
