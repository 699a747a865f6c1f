import pytest

from mailstore.naming import spf
from mailstore.naming.faults import FAULTS, Fault, Grade
from mailstore.naming.findings import Finding

OURS = ["include:_spf.mailhafen.test"]
HERE = "muster.example"
TREE = {"_spf.mailhafen.test": ["v=spf1 ip4:192.0.2.0/24 -all"]}
INC = OURS[0]


def faults(text: str | None, tree: spf.Tree | None = None) -> set[Fault]:
    texts = None if text is None else [each for each in text.split("|") if each]
    found = spf.judge(HERE, OURS, texts, TREE | dict(tree or {}))
    assert Finding.unpacked(found.packed()) == found
    return {each.fault for each in found.said}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"v=spf1 {INC} -all", set()),
        (f"hello|V=SPF1 a:x.example {INC} -ALL", set()),
        (None, {Fault.UNANSWERED}),
        ("", {Fault.SPF_NONE}),
        ("v=spf10 -all", {Fault.SPF_NONE}),
        (f"v=spf1 {INC} -all|v=spf1 -all", {Fault.SPF_SEVERAL}),
        ("v=spf1 ip4:198.51.100.1 -all", {Fault.SPF_WITHOUT_US}),
        (f"v=spf1 -{INC} -all", {Fault.SPF_WITHOUT_US}),
        (f"v=spf1 {INC} +all", {Fault.SPF_OPEN}),
        (f"v=spf1 {INC} all", {Fault.SPF_OPEN}),
        (f"v=spf1 {INC} ?all", {Fault.SPF_NEUTRAL}),
        (f"v=spf1 {INC}", {Fault.SPF_NEUTRAL}),
        (f"v=spf1 {INC} ~all", {Fault.SPF_SOFT}),
        (f"v=spf1 mx {INC} -all", {Fault.SPF_MX}),
        (f"v=spf1 ptr {INC} -all", {Fault.SPF_PTR}),
        (f"v=spf1 {INC} ipv4:192.0.2.1 -all", {Fault.SPF_BROKEN}),
        (f"v=spf1 {INC} include:gone.example -all", {Fault.SPF_DEAD}),
        (f"v=spf1 {INC} include:silent.example -all", set()),
        ("v=spf1 redirect=all.example", set()),
    ],
)
def test_what_is_wrong_with_a_record_is_found(text: str | None, expected: set[Fault]) -> None:
    tree = {"gone.example": [], "silent.example": None, "all.example": [f"v=spf1 {INC} -all"]}
    assert faults(text, tree) == expected


def test_look_ups_are_counted_with_all_that_a_record_leads_to() -> None:
    tree = {f"{number}.example": ["v=spf1 a mx exists:%{i}.x.example ip4:192.0.2.1 -all"]
            for number in range(3)}  # fmt: skip
    includes = " ".join(f"include:{each}" for each in tree)
    whole = {HERE: [f"v=spf1 {INC} {includes} -all"], **TREE, **tree}
    assert spf.lookups(HERE, whole) == 1 + 3 * 4
    assert faults(whole[HERE][0], tree) == {Fault.SPF_LOOKUPS}
    assert spf.lookups(HERE, {HERE: [f"v=spf1 include:{HERE} include:a.example -all"],
                              "a.example": [f"v=spf1 include:{HERE} -all"]}) == 3  # fmt: skip


def test_records_that_lead_to_one_another_end() -> None:
    names = [f"{number}.example" for number in range(40)]
    record = f"v=spf1 {' '.join(f'include:{each}' for each in names)} -all"
    tree = {each: [record] for each in (HERE, *names)}
    assert spf.lookups(HERE, tree) == spf.MOST_COUNTED
    assert Fault.SPF_LOOKUPS in faults(record, tree)


def test_what_strangers_write_is_kept_as_far_as_it_can_be_shown() -> None:
    found = spf.judge(HERE, OURS, ["v=spf1 \u202e\x00oops -all"], TREE).packed()
    assert found["found"] == ["v=spf1 oops -all"]
    assert found["said"][0]["about"] == {"term": "oops"}


def test_addresses_of_ours_may_lie_in_a_network_that_is_named() -> None:
    ours = ["ip4:192.0.2.7", "ip6:2001:db8::7"]
    named = ["v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"]
    assert spf.judge(HERE, ours, named, {}).said == ()
    (said,) = spf.judge(HERE, ours, ["v=spf1 ip4:192.0.2.0/24 ip4:nonsense -all"], {}).said
    assert (said.fault, said.grade) == (Fault.SPF_WITHOUT_US, Grade.MISSING)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("", f"v=spf1 {INC} ~all"),
        ("v=spf1 ip4:192.0.2.1 -all", f"v=spf1 {INC} ip4:192.0.2.1 -all"),
        (f"v=spf1 {INC} +all", f"v=spf1 {INC} ~all"),
        ("v=spf1 a", f"v=spf1 {INC} a ~all"),
        ("v=spf1 redirect=x.example", f"v=spf1 {INC} redirect=x.example"),
    ],
)
def test_a_record_is_proposed_that_keeps_what_is_there(record: str, expected: str) -> None:
    assert spf.wanted(record, OURS) == expected


def test_every_fault_has_its_weight_and_a_sentence() -> None:
    assert FAULTS.keys() == set(Fault)
    assert all(says.endswith((".", "”.")) for _, says in FAULTS.values())
