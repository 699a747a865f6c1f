from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailstore import policies
from mailstore.envelopes import Impersonation, NewsletterAction, Policy
from mailstore.policies import MANDATORY, WITHOUT_REPORT, PolicyRow
from mailstore.store import Store


def chain(db: Session, *links: dict[str, Any]) -> Policy:
    """Return what a chain of policies comes to, the parent of all first."""
    parent = policies.recommended(db)
    for number, values in enumerate(links):
        row = PolicyRow(name=f"Policy {number}", values=values, parent_id=parent.id)
        db.add(row)
        db.flush()
        parent = row
    return policies.effective(db, parent.id)


def test_the_recommended_policy_is_the_defaults(store: Store) -> None:
    with store.read() as db:
        effective = policies.effective(db, policies.recommended(db).id)
    assert effective == Policy(mandatory=MANDATORY)
    assert (effective.quarantine_at, effective.reject_at) == (5.0, None)


def test_the_policy_without_report_is_the_same_without_a_report(store: Store) -> None:
    with store.read() as db:
        effective = policies.effective(db, policies.recommended(db, WITHOUT_REPORT).id)
    assert effective == Policy(mandatory=MANDATORY, report=False)


def test_seeding_again_adds_nothing(store: Store) -> None:
    for _ in range(2):
        with store.write() as db:
            policies.seed(db)
            assert db.scalar(select(func.count(PolicyRow.id))) == 2


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ([{}], Policy(mandatory=MANDATORY)),
        ([{"quarantine_at": 4.0}], Policy(mandatory=MANDATORY, quarantine_at=4.0)),
        (
            [{"quarantine_at": 4.0, "report": False}, {"report": True}, {"reject_at": 20.0}],
            Policy(mandatory=MANDATORY, quarantine_at=4.0, report=True, reject_at=20.0),
        ),
        ([{"reject_at": 20.0}, {"reject_at": None}], Policy(mandatory=MANDATORY)),
        (
            [{"newsletters": "hold"}, {"newsletter_tag": "[NL]"}],
            Policy(mandatory=MANDATORY, newsletters=NewsletterAction.HOLD, newsletter_tag="[NL]"),
        ),
        (
            [{"impersonation": "hold"}, {}],
            Policy(mandatory=MANDATORY, impersonation=Impersonation.HOLD),
        ),
        ([{"weights": {"SPF_FAIL": 2.0}}], Policy(mandatory=MANDATORY, weights={"SPF_FAIL": 2.0})),
    ],
    ids=[
        "nothing",
        "one value",
        "a child wins",
        "set back to nothing",
        "newsletters",
        "impersonation",
        "weights",
    ],
)
def test_what_a_policy_does_not_set_comes_from_its_parents(
    store: Store, links: list[dict[str, Any]], expected: Policy
) -> None:
    with store.write() as db:
        assert chain(db, *links) == expected


@pytest.mark.parametrize(
    "name", ["mandatory", "allowed", "blocked", "doubted", "untagged", "hits", "unheard_of"]
)
def test_a_policy_row_cannot_set_what_is_not_its_own(store: Store, name: str) -> None:
    with store.write() as db:
        assert chain(db, {name: ["bob@there.example"]}) == Policy(mandatory=MANDATORY)
