import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter.authentication.results import spf_result_line
from filter.headers import cuts, prepended, tagged, trace
from mailstore.deliveries import Delivery
from mailstore.envelopes import Client, MailClass
from mailstore.messages import Message
from mailstore.mime import Mail, header_fields

US = "mx.mailhafen.test"
AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
OTHERS = b"Authentication-Results: mx.elsewhere.example; spf=fail\r\n"
LONGEST = 998  # RFC 5322 §2.1.1


def a_delivery(client: Client, sender: str = "") -> Delivery:
    headers = trace(client, US, "0123abcd", AT, [spf_result_line("none", client, sender)])
    message = Message(public_id="0123abcd", headers=headers)
    return Delivery(message=message, mail_class=MailClass.CLEAN, score=-0.04)


def around(field: str) -> bytes:
    return b"Subject: a\r\n" + OTHERS + f"{field}\r\nTo: b\r\n\r\n{field}\r\n".encode("latin-1")


@pytest.mark.parametrize(
    "field",
    [
        f"Authentication-Results: {US}; spf=pass",
        f"AUTHENTICATION-RESULTS:{US.upper()};dkim=pass",
        f"Authentication-Results:\r\n\t{US};\r\n\tspf=pass",
        f"Authentication-Results: (really (no; yes)) {US} (we); spf=pass",
        f"Authentication-Results: {US} 1; spf=pass",
        f'Authentication-Results: "{US}"; spf=pass',
        f"Authentication-Results : {US}; spf=pass",
        f"Authentication-Results: {US}",
        "X-Mailhafen-Class: clean",
        "x-MAILHAFEN-score : 0.0",
        "X-Mailhafen-Released:\r\n by=anna",
    ],
    ids=[
        "plain",
        "upper case",
        "folded",
        "comments",
        "version number",
        "quoted id",
        "space before the colon",
        "without results",
        "our class",
        "our score in other case",
        "internal and folded",
    ],
)
def test_a_field_from_outside_that_claims_to_be_ours_is_cut(field: str) -> None:
    raw = around(field)
    ((start, end),) = cuts(raw, US)
    assert raw[start:end] == f"{field}\r\n".encode()


@pytest.mark.parametrize(
    "field",
    [
        f"Authentication-Results: (\\() {US}; spf=pass",
        f"Authentication-Results: (\\)) {US}; spf=pass",
        'Authentication-Results: "mx.mail\\hafen.test"; spf=pass',
    ],
    ids=["opening in a comment", "closing in a comment", "in a quoted id"],
)
def test_a_backslash_does_not_hide_whom_results_claim_to_be_from(field: str) -> None:
    assert len(cuts(around(field), US)) == 1


@pytest.mark.parametrize(
    "field",
    [
        f"Authentication-Results: mx.elsewhere.example; x={US}",
        f"Authentication-Results: ({US}) mx.elsewhere.example; spf=pass",
        f"Authentication-Results: {US}.evil.example; spf=pass",
        "Authentication-Results:",
        f"X-Original-Authentication-Results: {US}; spf=pass",
        "X-Mailhafener: nice",
        f"Subject: Authentication-Results: {US}; spf=pass",
    ],
    ids=["value", "comment", "longer name", "empty", "other field", "other prefix", "subject"],
)
def test_the_fields_of_others_stay(field: str) -> None:
    assert cuts(around(field), US) == ()


def test_each_field_that_claims_to_be_ours_is_cut_and_nothing_after_the_head() -> None:
    ours = f"Authentication-Results: {US}; spf=pass\r\nX-Mailhafen-Id: 1\r\n".encode()
    raw = ours + OTHERS + ours + b"\r\n" + ours
    kept = raw
    for start, end in reversed(cuts(raw, US)):
        kept = kept[:start] + kept[end:]
    assert kept == OTHERS + b"\r\n" + ours


@pytest.mark.parametrize(
    ("head", "tagged_head"),
    [
        ("Subject: Herbstmesse", "Subject: [PUB] Herbstmesse"),
        ("Subject:Autumn fair", "Subject: [PUB] Autumn fair"),
        ("SUBJECT: \tx", "SUBJECT: [PUB] \tx"),
        ("Subject:\r\n Herbst\r\n messe", "Subject: [PUB]\r\n Herbst\r\n messe"),
        ("Subject: =?utf-8?Q?Gr=C3=BCezi?=", "Subject: [PUB] =?utf-8?Q?Gr=C3=BCezi?="),
        ("Subject: ", "Subject: [PUB] "),
        ("Subject:", "Subject: [PUB]"),
        ("X-Subject: no", "Subject: [PUB]\r\nX-Subject: no"),
    ],
    ids=["German", "no space", "capitals", "folded", "RFC 2047", "blank", "empty", "no subject"],
)
def test_a_newsletter_gets_its_tag_and_no_other_byte_changes(head: str, tagged_head: str) -> None:
    rest = b"\r\nFrom: bob@there.example\r\n\r\nSubject: in the text\r\n"
    assert tagged(head.encode() + rest, "[PUB]") == tagged_head.encode() + rest


@pytest.mark.parametrize(
    "subject",
    [
        *("[PUB] Herbst", "=?utf-8?Q?=5BPUB=5D_Herbst?=", "\r\n [PUB] Herbst", "[PUB]"),
        *("Re: [PUB] Autumn", "AW: WG: [PUB] Herbst", "Re: =?utf-8?B?W1BVQl0gSGVyYnN0?="),
        *("=?utf-8?Q?Re=3A_=5BPU?=\r\n =?utf-8?Q?B=5D_Herbst?=", "TR : [PUB] automne"),
    ],
    ids=[
        *("plain", "encoded", "folded", "tag alone", "English answer", "German forward"),
        *("encoded answer", "encoded across a fold", "French forward"),
    ],
)
def test_a_tag_is_never_put_twice(subject: str) -> None:
    raw = f"Subject: {subject}\r\n\r\ntext\r\n".encode()
    assert tagged(raw, "[PUB]") == raw


def test_a_tag_in_the_middle_of_a_subject_is_none() -> None:
    written = tagged(b"Subject: Was heisst [PUB]?\r\n\r\ntext\r\n", "[PUB]")
    assert written.startswith(b"Subject: [PUB] Was heisst [PUB]?\r\n")


@pytest.mark.parametrize("tag", ["[PUB]", "[Börse]", "[Börse à la carte]"])
def test_tagging_what_is_tagged_changes_nothing(tag: str) -> None:
    once = tagged(b"Subject: Herbst\r\n\r\ntext\r\n", tag)
    assert Mail(once).header("Subject").startswith(tag)
    assert once.isascii()
    assert tagged(once, tag) == once


def test_a_long_tag_with_umlauts_is_written_without_a_bare_line_end() -> None:
    tag = "[Mitteilungen des Vereins für Örtlichkeiten und Überlandpostämter der Region Zürich]"
    written = tagged(b"Subject: Herbst\r\n\r\ntext\r\n", tag)
    assert written.count(b"\n") == written.count(b"\r\n")


def test_a_subject_as_long_as_a_line_may_be_stays_within_it() -> None:
    written = tagged(b"Subject: " + b"x" * (LONGEST - 9) + b"\r\n\r\ntext\r\n", "[PUB]")
    assert max(map(len, written.split(b"\r\n"))) <= LONGEST


def test_our_lines_say_who_sent_it_and_what_we_think_of_it() -> None:
    client = Client("2001:db8::7", "mail.there.example", tls=True)
    fields = unfolded(prepended(a_delivery(client, "bob@there.example")))
    assert fields == [
        f"Received: from mail.there.example ([IPv6:2001:db8::7]) by {US} (Mailhafen)"
        " with ESMTPS id 0123abcd; Tue, 24 Nov 2026 08:00:00 +0000",
        f"Authentication-Results: {US}; spf=none smtp.mailfrom=bob@there.example",
        "X-Mailhafen-Class: clean",
        "X-Mailhafen-Score: -0.0",
        "X-Mailhafen-Id: 0123abcd",
    ]


def test_without_any_proof_the_results_say_none() -> None:
    lines = trace(Client("192.0.2.7", ""), US, "1", AT, [])
    assert lines.startswith("Received: from unknown ([192.0.2.7])\r\n")
    assert lines.endswith(f"Authentication-Results: {US};\r\n\tnone\r\n")


@given(helo=st.text(max_size=200), sender=st.one_of(st.just(""), st.text(max_size=100)))
def test_nothing_that_a_client_says_adds_a_line_or_one_too_long(helo: str, sender: str) -> None:
    written = prepended(a_delivery(Client("192.0.2.7", helo), sender))
    names = [name for _, _, name in header_fields(written)]
    ours = [b"x-mailhafen-class", b"x-mailhafen-score", b"x-mailhafen-id"]
    assert names == [b"received", b"authentication-results", *ours]
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|[^\t\r\n -~]", written)
    assert max(map(len, written.split(b"\r\n"))) <= LONGEST


@pytest.mark.parametrize(
    "helo",
    ["x\r\nX-Evil: 1", "x\nX-Evil: 1", "x\r\n\r\nbody", "\x1b[31mred", "<b>x</b>", "ü" * 500],
    ids=["CRLF", "LF", "end of head", "escape", "HTML", "not ASCII"],
)
def test_a_hostile_greeting_stays_within_our_received_line(helo: str) -> None:
    first, *_ = unfolded(prepended(a_delivery(Client("192.0.2.7", helo))))
    assert re.fullmatch(r"Received: from [\w.\-\[\]:?]{1,255} \(.*", first)


def test_a_greeting_full_of_backslashes_stays_within_a_line() -> None:
    written = prepended(a_delivery(Client("192.0.2.7", "\\" * 500)))
    assert max(map(len, written.split(b"\r\n"))) <= LONGEST


def unfolded(lines: bytes) -> list[str]:
    whole = re.sub(rb"\r\n[ \t]+", b" ", lines).decode("ascii")
    return whole.removesuffix("\r\n").split("\r\n")
