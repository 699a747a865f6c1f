from collections.abc import Mapping
from email.message import Message
from typing import Any

import pytest

from filter.authentication import authenticate
from filter.authentication.results import spf_result_line
from filter.authentication.sender_policy import MOST_LOOKUPS, check_spf
from mailstore.envelopes import Client
from mailstore.mime import Mail
from mailstore.sandbox_child import Ask
from tests.filter.exams import raw_mail

CLIENT = Client("192.0.2.7", "mail.there.example")
BOB = "bob@there.example"


class Zone:
    """Answers like the parent of a sandboxed child; None stands for silence."""

    def __init__(self, records: Mapping[tuple[str, str], Any]) -> None:
        self.records = records
        self.asked = 0

    def __call__(self, what: Any) -> Any:
        self.asked += 1
        kind, name = what
        return self.records.get((kind, name.lower().rstrip(".")), [])


def policy(*words: str, name: str = "there.example") -> dict[tuple[str, str], Any]:
    return {("TXT", name): [["v=spf1 " + " ".join(words)]]}


@pytest.mark.parametrize(
    ("records", "result"),
    [
        (policy("ip4:192.0.2.0/24", "-all"), "pass"),
        (policy("a", "-all") | {("A", "there.example"): ["192.0.2.7"]}, "pass"),
        (
            policy("mx", "-all")
            | {("MX", "there.example"): [[10, "mx.there.example"]]}
            | {("A", "mx.there.example"): ["192.0.2.7"]},
            "pass",
        ),
        (policy("include:a.example", "-all") | policy("+all", name="a.example"), "pass"),
        ({("TXT", "there.example"): [["v=spf1 ip4:192.", "0.2.7 -all"]]}, "pass"),
        (policy("ip4:198.51.100.1", "-all"), "fail"),
        (policy("~all"), "softfail"),
        (policy("?all"), "neutral"),
        ({}, "none"),
        ({("TXT", "there.example"): [["hello"]]}, "none"),
        ({("TXT", "there.example"): None}, "temperror"),
        (policy("include:a.example") | {("TXT", "a.example"): None}, "temperror"),
        (policy("ip4:nonsense"), "permerror"),
        (policy("include:nowhere.example"), "permerror"),
        (policy("include:there.example", "-all"), "permerror"),
        (policy(*(f"a:h{number}.example" for number in range(11))), "permerror"),
        ({("TXT", "there.example"): [["v=spf1 -all"], ["v=spf1 +all"]]}, "permerror"),
    ],
    ids=[
        "pass by address",
        "pass by A",
        "pass by MX",
        "pass by include",
        "pass in two strings",
        "fail",
        "softfail",
        "neutral",
        "no record",
        "other TXT",
        "silence",
        "silence in an include",
        "bad syntax",
        "include of nothing",
        "include of itself",
        "more than ten terms",
        "two records",
    ],
)
def test_spf_says_what_rfc_7208_says(records: dict[tuple[str, str], Any], result: str) -> None:
    assert check_spf(CLIENT, BOB, Zone(records)) == result


@pytest.mark.parametrize(
    ("ip", "result"), [("2001:db8::7", "pass"), ("2001:db8:1::7", "fail")], ids=["in", "out"]
)
def test_spf_knows_ipv6(ip: str, result: str) -> None:
    zone = Zone(policy("ip6:2001:db8::/48", "-all"))
    assert check_spf(Client(ip, "mail.there.example"), BOB, zone) == result


def test_the_null_sender_is_checked_by_its_greeting() -> None:
    zone = Zone(policy("ip4:192.0.2.7", "-all", name="mail.there.example"))
    assert check_spf(CLIENT, "", zone) == "pass"


def test_one_check_asks_a_bounded_number_of_questions() -> None:
    def endless(what: Any) -> Any:
        kind, name = what
        if kind == "MX":
            return [[number, f"{number}.{name}"] for number in range(500)]
        return [["v=spf1 mx:a.example mx:b.example mx:c.example -all"]] if kind == "TXT" else []

    zone = Counted(endless)
    assert check_spf(CLIENT, BOB, zone) in {"permerror", "temperror", "fail"}
    assert zone.count <= MOST_LOOKUPS


class Counted:
    def __init__(self, ask: Ask) -> None:
        self.ask, self.count = ask, 0

    def __call__(self, what: Any) -> Any:
        self.count += 1
        return self.ask(what)


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
    zone = Zone(policy("ip4:192.0.2.0/24", "-all", name=domain))
    found = authenticate(Mail(raw_mail(mail)), CLIENT, sender, zone)
    assert (found.spf, found.proofs) == ("pass", proofs)
