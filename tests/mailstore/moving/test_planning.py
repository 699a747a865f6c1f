from collections.abc import Sequence
from dataclasses import replace

import pytest

from mailstore.moving.planning import Box, Diff, Here, Options, Site, missing, plan
from mailstore.moving.values import Person
from mailstore.moving.wishes import Clash, wishes_of

SITES = {
    "muster.example": Site(1, mine=True),
    "muster.test": Site(2, mine=True, alias_of="muster.example"),
    "theirs.example": Site(3, mine=False),
}
ANNA = Box(1, "anna@muster.example", "Anna", False, True, 1, has_account=True, administers=False)
BEAT = Box(2, "beat@muster.example", "Beat", False, True, 1, has_account=True, administers=True)
LEADS = {"anna@muster.example": 1, "ak@muster.example": 1, "beat@muster.example": 2}
HERE = Here(SITES, {1: ANNA, 2: BEAT}, LEADS, {"anna@muster.example": 1, "beat@muster.example": 2})


def a_person(line: int, local: str, *aliases: str, name: str = "", **more: bool) -> Person:
    main, *others = (each if "@" in each or not each else f"{each}@muster.example"
                     for each in (local, *aliases))  # fmt: skip
    return Person(line, main, name, tuple(others), **more)


def planned(people: Sequence[Person], **options: bool) -> Diff:
    wishes, troubles = wishes_of(people)
    diff = plan(wishes, HERE, Options(**options))
    diff.clashes = [*troubles, *diff.clashes]
    return diff


@pytest.mark.parametrize(
    ("person", "clash"),
    [
        (a_person(1, ""), Clash.NO_ADDRESS),
        (a_person(1, "no address@"), Clash.BAD_ADDRESS),
        (a_person(1, "-rf"), Clash.BAD_ADDRESS),
        (a_person(1, "x\u200by"), Clash.BAD_ADDRESS),
        (a_person(1, "x\u202ey"), Clash.BAD_ADDRESS),
        (a_person(1, "x", "$(reboot) x"), Clash.BAD_ADDRESS),
        (a_person(1, "x", name="A\x00B"), Clash.BAD_NAME),
        (a_person(1, "x", *map(str, range(201))), Clash.TOO_MANY),
        (a_person(1, "x@elsewhere.example"), Clash.FOREIGN),
        (a_person(1, "x@theirs.example"), Clash.FOREIGN),
        (a_person(1, "x", "y@theirs.example"), Clash.FOREIGN),
        (a_person(1, "x@muster.test"), Clash.ALIAS_DOMAIN),
        (a_person(1, "ak"), Clash.IS_ALIAS),
        (a_person(1, "x", "beat"), Clash.IS_MAIN),
        (a_person(1, "x", "AK"), Clash.OTHERS),
    ],
)
def test_a_line_that_cannot_be_is_left_out_whole(person: Person, clash: Clash) -> None:
    diff = planned([person])
    assert [(each.line, each.clash) for each in diff.clashes] == [(1, clash)]
    assert not diff.new
    assert not diff.changed


def test_a_file_that_contradicts_itself_says_where() -> None:
    people = [a_person(1, "x", "y"), a_person(2, "X"), a_person(3, "z", "y"), a_person(4, "w", "x")]
    diff = planned(people)
    assert [step.wish.person.line for step in diff.new] == [1]
    assert [(each.line, each.clash, each.other) for each in diff.clashes] == [
        (2, Clash.TWICE, "1"), (3, Clash.TWICE, "1"), (4, Clash.MAIN_IN_FILE, "1"),
    ]  # fmt: skip


def test_what_is_so_already_changes_nothing() -> None:
    diff = planned([a_person(1, "Anna", "ak", name="Anna"), a_person(2, "beat")])
    assert (diff.unchanged, diff.new, diff.changed, diff.clashes) == (2, [], [], [])


def test_what_is_new_of_somebody_known_is_a_change() -> None:
    (step,) = planned([a_person(1, "anna", "neu", name="Anna K.")]).changed
    assert [str(each) for each in step.claims] == ["neu@muster.example"]
    assert (step.name, step.shared, step.on, step.account) == ("Anna K.", None, False, False)


def test_names_stay_and_administrators_are_spared_where_that_is_chosen() -> None:
    people = [a_person(1, "anna", name="Other"), a_person(2, "beat", "b2")]
    diff = planned(people, names=False, administrators=False)
    assert (diff.unchanged, diff.spared, diff.changed) == (1, 1, [])


def test_who_has_some_domains_changes_nobody_who_administers() -> None:
    some = replace(HERE, whole=False)
    wishes, _ = wishes_of([a_person(1, "beat", "b2", name="Other", shared=True)])
    diff = plan(wishes, some, Options(administrators=True))
    assert (diff.spared, diff.changed) == (1, [])


def test_an_alias_that_never_comes_here_is_left_out_alone() -> None:
    diff = planned([a_person(1, "x", "x@m.onmicrosoft.com", "x@old.example", "x@muster.test")])
    assert [str(each) for each in diff.new[0].claims] == ["x@muster.example"]
    assert [(each.clash, each.text) for each in diff.notes] == [
        (Clash.FOREIGN_ALIAS, "x@old.example")
    ]


@pytest.mark.parametrize(
    ("person", "options", "account"),
    [
        (a_person(1, "x"), {}, True),
        (a_person(1, "x", shared=True), {}, False),
        (a_person(1, "x", signs_in=False), {}, False),
        (a_person(1, "x"), {"accounts": False}, False),
    ],
    ids=["person", "shared", "blocked", "not wanted"],
)
def test_who_gets_an_account(person: Person, options: dict[str, bool], account: bool) -> None:
    (step,) = planned([person], **options).new
    assert step.account is account


def test_who_is_missing_is_of_a_domain_that_the_file_is_about_and_administers_nothing() -> None:
    people = [a_person(1, "x"), a_person(2, "broken line@")]
    assert missing(wishes_of(people)[0], people, HERE) == [ANNA]
    elsewhere = [a_person(1, "x@elsewhere.example")]
    assert missing(wishes_of(elsewhere)[0], elsewhere, HERE) == []
    left_out = [a_person(1, "y"), a_person(2, "anna", "ANNA")]
    assert missing(wishes_of(left_out)[0], left_out, HERE) == []
