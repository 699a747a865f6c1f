from typing import Any

import pytest

from filter.authentication.questions import MOST_QUESTIONS, Questions
from filter.authentication.sender_policy import check_spf
from mailstore.envelopes import Client
from tests.filter.authentication.zone import BOB, CLIENT, Zone, spf


@pytest.mark.parametrize(
    ("records", "result"),
    [
        (spf("ip4:192.0.2.0/24", "-all"), "pass"),
        (spf("a", "-all") | {("A", "there.example"): ["192.0.2.7"]}, "pass"),
        (
            spf("mx", "-all")
            | {("MX", "there.example"): [[10, "mx.there.example"]]}
            | {("A", "mx.there.example"): ["192.0.2.7"]},
            "pass",
        ),
        (spf("include:a.example", "-all") | spf("+all", name="a.example"), "pass"),
        ({("TXT", "there.example"): [["v=spf1 ip4:192.", "0.2.7 -all"]]}, "pass"),
        (spf("ip4:198.51.100.1", "-all"), "fail"),
        (spf("~all"), "softfail"),
        (spf("?all"), "neutral"),
        ({}, "none"),
        ({("TXT", "there.example"): [["hello"]]}, "none"),
        ({("TXT", "there.example"): None}, "temperror"),
        (spf("include:a.example") | {("TXT", "a.example"): None}, "temperror"),
        (spf("ip4:nonsense"), "permerror"),
        (spf("include:nowhere.example"), "permerror"),
        (spf("include:there.example", "-all"), "permerror"),
        (spf(*(f"a:h{number}.example" for number in range(11))), "permerror"),
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
    zone = Zone(spf("ip6:2001:db8::/48", "-all"))
    assert check_spf(Client(ip, "mail.there.example"), BOB, zone) == result


def test_the_null_sender_is_checked_by_its_greeting() -> None:
    zone = Zone(spf("ip4:192.0.2.7", "-all", name="mail.there.example"))
    assert check_spf(CLIENT, "", zone) == "pass"


VOIDS: dict[tuple[str, str], Any] = {("A", f"h{number}.example"): [] for number in range(3)}
LOOP = spf("include:a.example", "-all") | spf("include:there.example", "-all", name="a.example")
MANY_HOSTS = {("MX", "there.example"): [[1, f"mx{number}.example"] for number in range(200)]}
MACROS = "%{d}" * 60


@pytest.mark.parametrize(
    ("records", "result"),
    [
        (spf(*(f"include:{number}.example" for number in range(11)), "-all"), "permerror"),
        (spf("a:h0.example", "a:h1.example", "a:h2.example", "-all") | VOIDS, "permerror"),
        (LOOP, "permerror"),
        (spf("mx", "-all") | MANY_HOSTS, "permerror"),
        (spf(f"exists:{MACROS}.example", "-all"), "fail"),
        (spf("redirect=there.example"), "permerror"),
        (spf("ptr", "-all"), "fail"),
    ],
    ids=[
        "eleven terms",
        "three void lookups",
        "include loop",
        "200 MX",
        "macro blow-up",
        "redirect loop",
        "ptr of nobody",
    ],
)
def test_what_would_ask_without_end_is_bounded(records: dict[Any, Any], result: str) -> None:
    zone = Zone(records)
    assert check_spf(CLIENT, BOB, Questions(zone)) == result
    assert len(zone.asked) <= MOST_QUESTIONS


def test_a_library_that_breaks_is_an_error_of_the_record() -> None:
    def odd(what: Any) -> Any:
        raise LookupError(what)

    assert check_spf(CLIENT, BOB, odd) == "permerror"
