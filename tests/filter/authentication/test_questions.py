from typing import Any

import pytest

from filter.authentication import questions
from filter.authentication.questions import (
    MOST_QUESTIONS,
    Questions,
    related,
)
from mailstore.addresses import ascii_domain
from tests.filter.authentication.zone import Zone, dmarc


def test_a_name_is_asked_for_once() -> None:
    zone = Zone(dmarc("p=reject"))
    asking = Questions(zone)
    for name in ("_dmarc.there.example", "_DMARC.There.Example."):
        assert asking.text(name) == ["v=DMARC1; p=reject"]
    assert len(zone.asked) == 1


def test_what_is_known_is_answered_after_the_last_question() -> None:
    asking = Questions(Zone(dmarc("p=reject")))
    asking.text("_dmarc.there.example")
    answers = [asking.text(f"{number}.example") for number in range(MOST_QUESTIONS)]
    assert answers[-2:] == [[], None]
    assert asking.text("_dmarc.there.example") == ["v=DMARC1; p=reject"]


def test_nothing_is_asked_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "SECONDS", -1.0)
    zone = Zone({})
    assert Questions(zone).text("there.example") is None
    assert zone.asked == []


@pytest.mark.parametrize("name", ["", ".", "a." * 130], ids=["empty", "root", "too long"])
def test_what_is_no_name_is_not_asked_for(name: str) -> None:
    zone = Zone({})
    assert Questions(zone)(["TXT", name]) == []
    assert zone.asked == []


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("There.Example.", "there.example"),
        ("büro.example", "xn--bro-hoa.example"),
        ("a(b.example", ""),
        ("a..b", ""),
        ("\u0660" * 300 + ".example", ""),
        ("", ""),
    ],
    ids=["plain", "umlaut", "comment", "empty label", "too long", "empty"],
)
def test_a_domain_is_written_as_dns_knows_it(text: str, domain: str) -> None:
    assert ascii_domain(text) == domain


@pytest.mark.parametrize(
    ("one", "other", "kin"),
    [
        ("there.example", "there.example", True),
        ("mail.there.example", "there.example", True),
        ("there.example", "mail.there.example", True),
        ("nothere.example", "there.example", False),
        ("there.example", "example", False),
        ("", "", False),
    ],
    ids=["same", "below", "above", "ends alike", "top level", "empty"],
)
def test_kinship_of_domains(one: str, other: str, kin: bool) -> None:
    assert related(one, other) is kin


def test_an_answer_may_be_of_any_kind() -> None:
    def ask(what: Any) -> Any:
        return {"A": ["192.0.2.7"], "MX": None}.get(what[0], [])

    asking = Questions(ask)
    assert [asking.look_up(kind, "x.example") for kind in ("A", "MX", "PTR")] == [
        ["192.0.2.7"],
        None,
        [],
    ]
