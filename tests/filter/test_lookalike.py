import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter.impersonation import Known, known_of, name_key
from mailstore.addresses import parse_domain
from mailstore.envelopes import Person, TenantFacts
from mailstore.errors import BadName
from mailstore.lookalike import one_apart, plain, skeleton
from tests.filter.tenant_exams import FACTS

KNOWN = Known(FACTS)
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?", fullmatch=True)
DOMAINS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
HOSTILE = [
    "a" * 63,
    "rn" * 31,
    "vv" * 31,
    "-" * 63,
    "xn--" + "a" * 59,
    "\u0430" * 63,
    "muster" * 10,
]


@pytest.mark.parametrize(
    ("domain", "original"),
    [
        ("muster.com", "muster.example"),
        ("rnuster.example", "muster.example"),
        ("mu5ter.example", "muster.example"),
        ("f1rma.ch", "firma.ch"),
        ("xn--frma-5pa.ch", "firma.ch"),
        ("must\u0435r.example", "muster.example"),
        ("xn--mustr-2we.example", "muster.example"),
        ("muter.example", "muster.example"),
        ("muuster.example", "muster.example"),
        ("mutser.example", "muster.example"),
        ("firma-ag.example", "firma.ch"),
        ("firmaag.ch", "firma.ch"),
        ("myfirma.ch", "firma.ch"),
        ("firma.ch.evil.tld", "firma.ch"),
        ("mail.firma.ch.evil.tld", "firma.ch"),
        ("firma-ch.evil.tld", "firma.ch"),
        ("firma.co.uk", "firma.ch"),
        ("hafenbamk.ch", "hafenbank.ch"),
        ("haf\u00e9nbank.ch", "hafenbank.ch"),
    ],
)
def test_what_looks_like_a_domain_is_told_from_it(domain: str, original: str) -> None:
    assert KNOWN.resembled(domain) == original


@pytest.mark.parametrize(
    "domain",
    ["there.example", "firma.sharepoint.com", "mustermann.example", "example", "ch", "support.com",
     "bank.ch", "hafen.ch", "evil.tld", "gmail.com", "xn--", "xn--\u0430", "", "."],
)  # fmt: skip
def test_what_does_not_is_not(domain: str) -> None:
    assert KNOWN.resembled(domain) == ""


@given(DOMAINS, st.frozensets(DOMAINS, min_size=1, max_size=5), st.frozensets(DOMAINS, max_size=5))
def test_the_domains_themselves_and_those_below_never_hit(
    below: str, own: frozenset[str], partners: frozenset[str]
) -> None:
    known = Known(TenantFacts(1, "x", own, partners=partners))
    for domain in own | partners:
        assert known.resembled(domain) == ""
        assert known.resembled(f"{below}.{domain}") == ""


@given(st.text(max_size=80), st.text(max_size=30))
def test_no_name_breaks_it(domain: str, name: str) -> None:
    known = Known(TenantFacts(1, name, frozenset({domain}), people=(Person(name),)))
    for text in (domain, name):
        try:
            known.resembled(parse_domain(text))
        except BadName:
            known.resembled(text)
        known.bearer(text)
        known.is_own_name(text)


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_the_time_grows_with_the_name_only(label: str) -> None:
    own = frozenset(f"{label[:50]}{number}.example" for number in range(1000))
    known = Known(TenantFacts(1, "x", own))
    known.resembled("warm.example")
    domain = ".".join([label] * 4)[:255]
    start = time.process_time()
    known.resembled(domain)
    assert time.process_time() - start < 0.1


def test_much_text_takes_little_time() -> None:
    for text in ("Anna Keller, " * 6000, "@" * 65536, "@a." * 20000, "\u0430 - " * 20000):
        start = time.process_time()
        KNOWN.bearer(text)
        KNOWN.is_own_name(text)
        assert time.process_time() - start < 0.1


@given(st.text("ab", max_size=6), st.text("ab", max_size=6))
def test_one_apart_is_one_edit(one: str, other: str) -> None:
    assert one_apart(one, other) == (other in _edits(one) and one != other)


def _edits(text: str) -> set[str]:
    cuts = [(text[:at], text[at:]) for at in range(len(text) + 1)]
    return (
        {head + tail[1:] for head, tail in cuts if tail}
        | {head + letter + tail for head, tail in cuts for letter in "ab"}
        | {head + letter + tail[1:] for head, tail in cuts if tail for letter in "ab"}
        | {head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1}
    )


@given(st.text(max_size=40))
def test_a_skeleton_is_that_of_the_plain_text(text: str) -> None:
    assert skeleton(plain(text)) == skeleton(text)


@pytest.mark.parametrize("text", ["", "Anna", "A. B.", "Dr. Anna", "CEO", "12 34"])
def test_what_is_no_full_name_has_no_key(text: str) -> None:
    assert name_key(text) == ()


def test_what_is_known_is_made_ready_again_only_when_it_changed() -> None:
    first = known_of(FACTS)
    assert known_of(replace(FACTS)) is first
    changed = known_of(replace(FACTS, people=()))
    assert changed is not first
    assert changed.bearer("Anna Keller") is None
