from typing import Any

import pytest

from filter.authentication.dmarc import (
    Policy,
    Proven,
    Record,
    Tree,
    discover,
    evaluate,
    organisation,
    steps,
    wish,
)
from filter.authentication.questions import Questions
from tests.filter.authentication.zone import Zone, dmarc

REJECT = Record("reject")


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("v=DMARC1; p=reject", REJECT),
        ("v=DMARC1;p=Reject;", REJECT),
        (" v = DMARC1 ; p = reject ; ", REJECT),
        ("v=DMARC1; p=reject; pct=0; rf=afrf; ri=1; x=y; odd", REJECT),
        ("v=DMARC1; p=none; sp=quarantine; np=reject", Record("none", "quarantine", "reject")),
        ("v=DMARC1; p=reject; psd=y", Record("reject", psd="y")),
        ("v=DMARC1; p=reject; psd=maybe", REJECT),
        ("v=DMARC1; p=reject; t=y", Record("reject", testing=True)),
        (
            "v=DMARC1; p=reject; adkim=s; aspf=S",
            Record("reject", strict_dkim=True, strict_spf=True),
        ),
        ("v=DMARC1; rua=mailto:a@there.example", Record("none")),
        ("v=DMARC1; p=nonsense; rua=mailto:a@there.example", Record("none")),
        ("v=DMARC1; p=reject; sp=nonsense; rua=mailto:a@there.example", Record("none")),
        ("v=DMARC1; p=reject; sp=nonsense", Record("none", applies=False)),
        ("v=DMARC1", Record("none", applies=False)),
        ("v=DMARC1; psd=n", Record("none", psd="n", applies=False)),
        ("v=dmarc1; p=reject", None),
        ("V=DMARC1; p=reject", REJECT),
        ("p=reject; v=DMARC1", None),
        ("v=DMARC2; p=reject", None),
        ("v=spf1 -all", None),
        ("", None),
    ],
    ids=[
        "plain",
        "without blanks",
        "blanks everywhere",
        "unknown and old tags",
        "subdomains",
        "public suffix",
        "odd psd",
        "test mode",
        "strict",
        "no policy but reports",
        "odd policy but reports",
        "odd sp but reports",
        "odd sp",
        "no policy",
        "no policy but psd",
        "version in lower case",
        "tag name in upper case",
        "version not first",
        "other version",
        "SPF",
        "empty",
    ],
)
def test_a_record_is_read_as_rfc_9989_says(text: str, record: Record | None) -> None:
    assert Record.parse(text) == record


@pytest.mark.parametrize(
    ("domain", "asked"),
    [
        ("example", ["example"]),
        ("mail.there.example", ["mail.there.example", "there.example", "example"]),
        ("a.b.c.d.e.f.g.example", ["a.b.c.d.e.f.g.example", "b.c.d.e.f.g.example"]),
        ("a.b.c.d.e.f.g.h.i.j.there.example", ["a.b.c.d.e.f.g.h.i.j.there.example"]),
    ],
    ids=["one label", "three", "eight", "twelve"],
)
def test_a_walk_has_eight_steps_at_most(domain: str, asked: list[str]) -> None:
    walked = steps(domain)
    assert walked[: len(asked)] == asked
    assert len(walked) <= 8
    assert walked[-1] == "example"


def test_a_long_walk_jumps_to_seven_labels() -> None:
    assert steps("a.b.c.d.e.f.g.h.i.j.there.example")[1] == "f.g.h.i.j.there.example"


@pytest.mark.parametrize(
    ("found", "whose"),
    [
        ([], "a.mail.there.example"),
        ([("mail.there.example", REJECT), ("there.example", REJECT)], "there.example"),
        ([("example", Record(psd="y"))], "there.example"),
        ([("mail.there.example", Record(psd="n"))], "mail.there.example"),
        ([("a.mail.there.example", Record(psd="y"))], "a.mail.there.example"),
        ([("mail.there.example", REJECT), ("example", Record(psd="y"))], "there.example"),
    ],
    ids=["nothing", "shortest", "below a suffix", "psd=n", "is a suffix itself", "both"],
)
def test_the_organisation_is_found_without_a_list_of_suffixes(
    found: list[tuple[str, Record]], whose: str
) -> None:
    assert organisation("a.mail.there.example", found) == whose


@pytest.mark.parametrize(
    ("record", "stands_at", "exists", "asked"),
    [
        (REJECT, "there.example", True, "reject"),
        (Record("reject", "none"), "there.example", True, "reject"),
        (Record("reject", "quarantine"), "example", True, "quarantine"),
        (Record("reject"), "example", True, "reject"),
        (Record("none", "quarantine", "reject"), "example", False, "reject"),
        (Record("none", "quarantine"), "example", False, "quarantine"),
        (Record("none", "quarantine", "reject"), "example", True, "quarantine"),
        (Record("reject", testing=True), "there.example", True, "quarantine"),
    ],
    ids=["p", "own record ignores sp", "sp", "p for sp", "np", "sp for np", "exists", "t=y"],
)
def test_what_the_owner_asks_for(record: Record, stands_at: str, exists: bool, asked: str) -> None:
    policy = Policy(record, stands_at, stands_at)
    assert wish(policy, "there.example", exists=exists) == asked


def test_a_record_of_the_organisation_comes_before_one_of_the_suffix() -> None:
    found = [("there.example", REJECT), ("example", Record("none", psd="y"))]
    policy = discover("mail.there.example", found)
    assert policy == Policy(REJECT, "there.example", "there.example")


def test_a_record_between_author_and_organisation_does_not_apply() -> None:
    found = [("mail.there.example", Record("none")), ("there.example", REJECT)]
    policy = discover("a.mail.there.example", found)
    assert policy is not None
    assert policy.domain == "there.example"


CO_UK = dmarc("p=reject; psd=y", name="co.uk")
TWO = {("TXT", "_dmarc.there.example"): [["v=DMARC1; p=reject"], ["v=DMARC1; p=none"]]}
SILENT = {("TXT", "_dmarc.there.example"): None}
NO_NAME = dmarc("p=none; np=reject", name="there.example")


@pytest.mark.parametrize(
    ("records", "author", "proven", "result", "policy"),
    [
        (dmarc("p=reject"), "there.example", "there.example", "pass", "reject"),
        (dmarc("p=reject"), "there.example", "mail.there.example", "pass", "reject"),
        (dmarc("p=reject"), "mail.there.example", "there.example", "pass", "reject"),
        (dmarc("p=reject; adkim=s"), "there.example", "mail.there.example", "fail", "reject"),
        (dmarc("p=reject; adkim=s"), "there.example", "there.example", "pass", "reject"),
        (dmarc("p=reject; aspf=s"), "there.example", "mail.there.example", "pass", "reject"),
        (dmarc("p=reject"), "there.example", "evil.example", "fail", "reject"),
        (dmarc("p=reject"), "there.example", "nothere.example", "fail", "reject"),
        (CO_UK, "bank.co.uk", "evil.co.uk", "fail", "reject"),
        (CO_UK, "bank.co.uk", "mail.bank.co.uk", "pass", "reject"),
        (CO_UK, "bank.co.uk", "co.uk", "fail", "reject"),
        ({}, "there.example", "there.example", "none", ""),
        (TWO, "there.example", "there.example", "none", ""),
        (SILENT, "there.example", "there.example", "temperror", ""),
        (NO_NAME, "nowhere.there.example", "evil.example", "fail", "reject"),
        (
            NO_NAME | {("NAME", "real.there.example"): ["real.there.example"]},
            "real.there.example",
            "evil.example",
            "fail",
            "none",
        ),
        (dmarc("p=reject; t=y"), "there.example", "evil.example", "fail", "quarantine"),
        (dmarc("p=quarantine; pct=0"), "there.example", "evil.example", "fail", "quarantine"),
    ],
    ids=[
        "the same",
        "relaxed below",
        "relaxed above",
        "strict below",
        "strict and the same",
        "strict for the other proof only",
        "another's",
        "name only ends alike",
        "two customers of a suffix",
        "one customer of a suffix",
        "the suffix itself",
        "no record",
        "two records",
        "silence",
        "name that does not exist",
        "name that exists",
        "test mode",
        "old pct",
    ],
)
def test_what_is_proven_must_belong_to_the_author(
    records: dict[Any, Any], author: str, proven: str, result: str, policy: str
) -> None:
    tree = Tree(Questions(Zone(records)))
    found = evaluate(author, [Proven("dkim", proven)], tree, unsure=False)
    assert (found.result, found.policy) == (result, policy)


def test_eight_questions_find_the_policy_of_any_author() -> None:
    zone = Zone({})
    author = ".".join("abcdefghijklmnop") + ".example"
    evaluate(author, [Proven("dkim", author)], Tree(Questions(zone)), unsure=False)
    assert len(zone.asked) == 8


def test_a_proof_that_could_not_be_looked_up_leaves_it_open() -> None:
    tree = Tree(Questions(Zone(dmarc("p=reject"))))
    assert evaluate("there.example", [], tree, unsure=True).result == "temperror"
