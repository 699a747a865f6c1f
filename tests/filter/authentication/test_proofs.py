from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter.authentication import authenticate
from filter.authentication.questions import MOST_QUESTIONS
from mailstore.envelopes import Client
from mailstore.mime import Mail
from tests.filter.authentication.zone import BOB, CLIENT, Zone, dmarc, published, signed, spf
from tests.filter.exams import raw_mail

GERMAN = "From: Käthe Hug <kaethe@bergpost.example>\nSubject: Grüsse aus Chur\n\nBis bald!\n"
ENGLISH = "From: Bob <bob@news.there.example>\nSubject: Plans\n\nSee you at noon.\n"
TWO_AUTHORS = "From: bob@there.example, eve@evil.example\nSubject: Hi\n\nHi.\n"
NO_AUTHOR = "Subject: Hallo\n\nWer bin ich?\n"


@pytest.mark.parametrize(
    ("mail", "sender", "proofs"),
    [
        (GERMAN, "kaethe@bergpost.example", ("spf",)),
        (GERMAN, "rueck+17@post.bergpost.example", ("spf",)),
        (ENGLISH, "bounce@there.example", ("spf",)),
        (GERMAN, "kaethe@nachtbergpost.example", ()),
        (ENGLISH, "eve@evil.example", ()),
        (TWO_AUTHORS, "bob@there.example", ()),
        (NO_AUTHOR, "bob@there.example", ()),
        (GERMAN, "", ()),
    ],
    ids=[
        "same domain",
        "sender below author",
        "author below sender",
        "name only ends alike",
        "other domain",
        "two authors",
        "no author",
        "null sender",
    ],
)
def test_spf_proves_a_single_author_of_the_same_organisation(
    mail: str, sender: str, proofs: tuple[str, ...]
) -> None:
    domain = sender.rpartition("@")[2] or CLIENT.helo
    zone = Zone(spf("ip4:192.0.2.0/24", "-all", name=domain))
    found = authenticate(Mail(raw_mail(mail)), CLIENT, sender, zone)
    assert (found.spf, found.proofs) == ("pass", proofs)


PASSING = spf("ip4:192.0.2.0/24", "-all")
MAIL = raw_mail("From: Bob <bob@there.example>\nSubject: Plans\n\nSee you at noon.\n")


@pytest.mark.parametrize(
    ("records", "raw", "sender", "proofs", "result"),
    [
        (PASSING | dmarc("p=reject"), MAIL, BOB, ("dmarc", "spf"), "pass"),
        (published() | dmarc("p=reject"), signed(MAIL), "", ("dmarc", "dkim"), "pass"),
        (published(), signed(MAIL), "", ("dkim",), "none"),
        (published("evil.example"), signed(MAIL, "evil.example"), "", (), "none"),
        (
            published("evil.example") | dmarc("p=reject"),
            signed(MAIL, "evil.example"),
            "",
            (),
            "fail",
        ),
        (PASSING | dmarc("p=none; aspf=s"), MAIL, BOB, ("dmarc", "spf"), "pass"),
        (PASSING | {("TXT", "_dmarc.there.example"): None}, MAIL, BOB, ("spf",), "temperror"),
        (dmarc("p=reject"), MAIL, "", (), "fail"),
    ],
    ids=[
        "SPF and DMARC",
        "DKIM and DMARC",
        "DKIM without a record",
        "signature of somebody else",
        "signature of somebody else, with a record",
        "strict and the same",
        "DMARC cannot be looked up",
        "nothing proven",
    ],
)
def test_an_author_is_proven_by_what_belongs_to_its_domain(
    records: dict[Any, Any], raw: bytes, sender: str, proofs: tuple[str, ...], result: str
) -> None:
    found = authenticate(Mail(raw), CLIENT, sender, Zone(records))
    assert (found.proofs, found.dmarc.result) == (proofs, result)


def test_the_lines_say_all_that_was_looked_at() -> None:
    zone = Zone(PASSING | published() | dmarc("p=reject"))
    found = authenticate(Mail(signed(MAIL)), CLIENT, BOB, zone)
    spf_line, dkim_line, dmarc_line = found.lines
    assert spf_line == "spf=pass smtp.mailfrom=bob@there.example"
    assert dkim_line.startswith("dkim=pass header.d=there.example header.s=s1 header.b=")
    assert dmarc_line == "dmarc=pass (p=reject) header.from=there.example"


def test_a_signature_whose_key_cannot_be_looked_up_leaves_dmarc_open() -> None:
    zone = Zone(dmarc("p=reject") | {("TXT", "s1._domainkey.there.example"): None})
    found = authenticate(Mail(signed(MAIL)), CLIENT, "", zone)
    assert (found.dkim[0].result, found.dmarc.result) == ("temperror", "temperror")


def test_one_mail_asks_a_bounded_number_of_questions_in_all() -> None:
    def endless(what: Any) -> Any:
        kind, name = what
        if kind == "MX":
            return [[number, f"{number}.{name}"] for number in range(9)]
        words = "mx:a.example mx:b.example mx:c.example mx:d.example mx:e.example mx:f.example -all"
        return [[f"v=spf1 {words}"]] if kind == "TXT" else ["198.51.100.1"]

    raw = MAIL
    for number in range(50):
        raw = (
            b"DKIM-Signature: a=rsa-sha256; h=from; d=%d.a.b.c.d.e.f.g.h; s=x; b=y\r\n" % number
            + raw
        )
    zone = Zone({})
    asked: list[Any] = []

    def counted(what: Any) -> Any:
        asked.append(what)
        return endless(what)

    authenticate(Mail(raw), CLIENT, BOB, counted, ["x.example"])
    assert zone.asked == []
    assert len(asked) <= MOST_QUESTIONS


def test_an_international_domain_is_asked_for_as_dns_knows_it() -> None:
    zone = Zone(dmarc("p=reject", name="xn--bro-hoa.example"))
    raw = raw_mail("From: Käthe <kaethe@büro.example>\nSubject: Grüsse\n\nBis bald!\n")
    found = authenticate(Mail(raw), CLIENT, "kaethe@büro.example", zone)
    assert found.dmarc.result == "fail"


NAMES = (b"From", b"from ", b"DKIM-Signature", b"ARC-Seal", b"ARC-Message-Signature", b"Subject")
HEADERS = st.sampled_from((*NAMES, b"ARC-Authentication-Results", b"Authentication-Results"))
TAGS = (b"i=1;", b"a=rsa-sha256;", b"d=there.example;", b"s=s1;", b"b=QUJD;", b"bh=QUJD;", b"v=1;")
MORE = (b"h=from:subject;", b"c=relaxed/relaxed;", b"cv=none;", b"l=1;", b"x=1;", b"t=9;", b"q=;")
ODD = (b"<bob@there.example>", b"\r\n ", b"=?utf-8?b?", b"\x00", b"\xff", b'"', b"(", b"\\", b",")
PIECES = st.lists(st.sampled_from((*TAGS, *MORE, *ODD)), max_size=12)
FIELDS = st.builds(lambda name, tags: name + b": " + b"".join(tags) + b"\r\n", HEADERS, PIECES)
KEYS = ("v=DKIM1; p=QUJD", "v=DKIM1; k=ed25519; p=QUJD", "v=DKIM1; p==", "\xff\x00")
TEXTS = (*KEYS, "v=spf1 a:%{i} -all", "v=DMARC1; p=reject; psd=y")
ANSWERS = st.sampled_from([None, [], *([[text]] for text in TEXTS)])


@given(st.lists(FIELDS, max_size=6), st.binary(max_size=60), st.lists(ANSWERS, min_size=1))
def test_nothing_a_sender_writes_raises(
    fields: list[bytes], body: bytes, answers: list[Any]
) -> None:
    def ask(what: Any) -> Any:
        return answers[len(what[1]) % len(answers)] if what[0] == "TXT" else []

    raw = b"".join(fields) + b"\r\n" + body
    authenticate(Mail(raw), CLIENT, BOB, ask, ["there.example"])


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=60))
def test_no_envelope_raises(sender: str, helo: str, author: str) -> None:
    raw = f"From: {author}\r\n\r\n".encode("utf-8", "surrogatepass")
    authenticate(Mail(raw), Client("192.0.2.7", helo), sender, Zone({}), [])


def test_deeply_nested_comments_prove_nobody() -> None:
    raw = b"From: " + b"(" * 3000 + b"<bob@there.example>\r\n\r\n"
    assert authenticate(Mail(raw), CLIENT, BOB, Zone(PASSING)).proofs == ()
