from email.message import Message

import authres
import pytest

from filter.authentication.dmarc import Dmarc
from filter.authentication.results import dkim_result_line, dmarc_result_line, spf_result_line
from filter.authentication.signatures import Signature
from filter.headers import trace
from mailstore.envelopes import Client
from mailstore.mime import Mail
from tests.factories import NOON
from tests.filter.authentication.zone import BOB, CLIENT


@pytest.mark.parametrize(
    ("sender", "helo", "line"),
    [
        (BOB, "x", "spf=pass smtp.mailfrom=bob@there.example"),
        ("", "mail.there.example", "spf=pass smtp.helo=mail.there.example"),
        ("a;b@x.example", "x", 'spf=pass smtp.mailfrom="a;b@x.example"'),
        ('"a b"@x.example', "x", 'spf=pass smtp.mailfrom="\\"a b\\"@x.example"'),
        ("", "a\\", 'spf=pass smtp.helo="a\\\\"'),
        ("", "x\r\nX-Evil: 1", 'spf=pass smtp.helo="xX-Evil: 1"'),
        ("", "(comment", 'spf=pass smtp.helo="(comment"'),
        ("", "m\u00fcller\x00\x1b[31m", 'spf=pass smtp.helo="mller[31m"'),
    ],
    ids=["plain", "greeting", "semicolon", "quotes", "backslash", "CRLF", "comment", "not ASCII"],
)
def test_hostile_values_are_quoted_and_end_nothing(sender: str, helo: str, line: str) -> None:
    assert spf_result_line("pass", Client("192.0.2.7", helo), sender) == line


@pytest.mark.parametrize("sender", ['"; dkim=pass; x="@x.example', "a\r\n b@x.example"])
def test_a_sender_cannot_add_a_result_of_its_own(sender: str) -> None:
    field = Message()
    field["Authentication-Results"] = "mx; " + spf_result_line("fail", CLIENT, sender)
    params = field.get_params(header="Authentication-Results", unquote=False)
    assert params is not None
    assert len(params) == 2


@pytest.mark.parametrize(
    ("signature", "line"),
    [
        (
            Signature("there.example", "s1", "abcdefgh", "pass"),
            "dkim=pass header.d=there.example header.s=s1 header.b=abcdefgh",
        ),
        (
            Signature("there.example", "s1", "ab/d+fgh", "fail", "signs only a part"),
            'dkim=fail (signs only a part) header.d=there.example header.s=s1 header.b="ab/d+fgh"',
        ),
        (
            Signature("there.example'a.evil.example", "s1", "", "permerror"),
            'dkim=permerror header.d="there.example\'a.evil.example" header.s=s1',
        ),
    ],
    ids=["pass", "with a comment", "quote in the domain"],
)
def test_a_signature_is_told_with_what_tells_it_apart(signature: Signature, line: str) -> None:
    assert dkim_result_line(signature) == line


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (Dmarc("pass", "reject"), "dmarc=pass (p=reject) header.from=there.example"),
        (Dmarc(), "dmarc=none header.from=there.example"),
    ],
    ids=["with a record", "without"],
)
def test_dmarc_is_told_with_what_the_owner_asks_for(found: Dmarc, line: str) -> None:
    assert dmarc_result_line(found, "there.example") == line


HOSTILE = (
    'a;b"@x.example',
    "a(b@x.example",
    "a@x.example\r\nX-Evil: 1",
    "a\\@x.example",
    "=?utf-8?q?a?=@x.example",
)


@pytest.mark.parametrize("sender", HOSTILE)
def test_ours_is_one_field_that_others_can_read(sender: str) -> None:
    signature = Signature("x.example", "s1", 'a/"b', "fail", "the body was changed")
    results = [
        spf_result_line("fail", CLIENT, sender),
        dkim_result_line(signature),
        dmarc_result_line(Dmarc("fail", "reject"), "x.example"),
        "arc=none",
    ]
    lines = trace(CLIENT, "mx.mailhafen.test", "0123abcd", NOON, results)
    (field,) = Mail(lines.encode()).message.get_all("Authentication-Results", [])
    read = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {field}")
    assert [(each.method, each.result) for each in read.results] == [
        ("spf", "fail"),
        ("dkim", "fail"),
        ("dmarc", "fail"),
        ("arc", "none"),
    ]
