from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select
from time_machine import Traveller

from mailstore import bayes, retention
from mailstore.bayes import ENOUGH, UNSEEN, Learner, TokenCount, combined, robinson
from mailstore.errors import Misconfigured
from mailstore.keys import KeyRing
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import a_tenant, some_settings

LOAN, PLANS, BOTH, UNHEARD = 2**63 - 1, -(2**63), 3, 4


@pytest.fixture
def tenant(store: Store) -> Tenant:
    with store.write() as db:
        bayes.make_token_key(db, store.ring)
        return a_tenant(db)


def teach(store: Store, tenant_id: int | None, *, ham: int, spam: int) -> None:
    with store.write() as db:
        for count, as_spam, token in ((ham, False, PLANS), (spam, True, LOAN)):
            for _ in range(count):
                bayes.learn(db, tenant_id, [token, BOTH], as_spam=as_spam)


def probability(store: Store, tenant: Tenant, *tokens: int) -> float | None:
    with store.read() as db:
        return bayes.spam_probability(db, tenant.id, tokens)


def counts(store: Store) -> dict[tuple[int, int], tuple[int, int]]:
    with store.read() as db:
        rows = db.scalars(select(TokenCount)).all()
        return {(row.learner_id, row.token): (row.ham, row.spam) for row in rows}


def totals(store: Store, learner: int = bayes.BASE) -> tuple[int, int]:
    with store.read() as db:
        row = db.get_one(Learner, learner)
        return row.ham, row.spam


@pytest.mark.parametrize(
    ("ham", "spam"), [(ENOUGH, ENOUGH - 1), (ENOUGH - 1, ENOUGH), (0, 0)], ids=str
)
def test_nothing_is_said_before_enough_was_learned(
    store: Store, tenant: Tenant, ham: int, spam: int
) -> None:
    teach(store, None, ham=ham, spam=spam)
    assert probability(store, tenant, LOAN) is None
    with store.read() as db:
        assert bayes.ready(db, [tenant.id]) == set()


def test_what_a_tenant_and_the_operator_taught_counts_together(
    store: Store, tenant: Tenant
) -> None:
    teach(store, None, ham=ENOUGH - 50, spam=50)
    teach(store, tenant.id, ham=50, spam=ENOUGH - 50)
    with store.write() as db:
        other = a_tenant(db, "Hafenbau")
    assert probability(store, other, LOAN) is None
    with store.read() as db:
        assert bayes.ready(db, [tenant.id, other.id]) == {tenant.id}
    assert (probability(store, tenant, LOAN) or 0) > 0.9
    assert (probability(store, tenant, PLANS) or 1) < 0.1


@pytest.mark.parametrize("tokens", [[UNHEARD], [BOTH], [BOTH, UNHEARD], [LOAN, PLANS]], ids=str)
def test_what_says_nothing_leaves_it_undecided(
    store: Store, tenant: Tenant, tokens: list[int]
) -> None:
    teach(store, None, ham=ENOUGH, spam=ENOUGH)
    assert probability(store, tenant, *tokens) == pytest.approx(0.5)


def test_without_tokens_no_row_is_asked(store: Store, tenant: Tenant) -> None:
    teach(store, None, ham=ENOUGH, spam=ENOUGH)
    assert probability(store, tenant) is None


def test_what_is_taken_back_was_never_learned(store: Store, tenant: Tenant) -> None:
    teach(store, tenant.id, ham=2, spam=3)
    with store.write() as db:
        bayes.unlearn(db, tenant.id, [LOAN, BOTH, UNHEARD], as_spam=True)
    assert totals(store, tenant.id) == (2, 2)
    assert counts(store) == {
        (tenant.id, LOAN): (0, 2), (tenant.id, PLANS): (2, 0), (tenant.id, BOTH): (2, 2)
    }  # fmt: skip


def test_nothing_falls_below_zero(store: Store, tenant: Tenant) -> None:
    teach(store, tenant.id, ham=0, spam=1)
    for _ in range(2):
        with store.write() as db:
            bayes.unlearn(db, tenant.id, [LOAN], as_spam=True)
    assert totals(store, tenant.id) == (0, 0)
    assert counts(store)[tenant.id, LOAN] == (0, 0)


def test_a_token_that_stands_in_a_mail_twice_counts_once(store: Store, tenant: Tenant) -> None:
    with store.write() as db:
        bayes.learn(db, tenant.id, [LOAN, LOAN], as_spam=True)
    assert counts(store) == {(tenant.id, LOAN): (0, 1)}


def test_what_a_tenant_taught_goes_with_the_tenant(store: Store, tenant: Tenant) -> None:
    teach(store, None, ham=1, spam=0)
    teach(store, tenant.id, ham=1, spam=1)
    with store.write() as db:
        db.execute(delete(Tenant).where(Tenant.id == tenant.id))
    assert {learner for learner, _ in counts(store)} == {bayes.BASE}


def test_what_is_not_seen_again_counts_half_and_is_forgotten(
    store: Store, tenant: Tenant, clock: Traveller
) -> None:
    teach(store, None, ham=5, spam=1)
    teach(store, tenant.id, ham=0, spam=1)
    clock.shift(UNSEEN)
    retention.expire(store)
    assert len(counts(store)) == 5
    clock.shift(timedelta(days=1))
    retention.expire(store)
    assert counts(store) == {(bayes.BASE, PLANS): (2, 0), (bayes.BASE, BOTH): (2, 0)}
    retention.expire(store)
    assert counts(store)[bayes.BASE, PLANS] == (2, 0)


def test_forgetting_works_in_batches(store: Store, tenant: Tenant, clock: Traveller) -> None:
    with store.write() as db:
        bayes.learn(db, None, range(7), as_spam=True)
    clock.shift(UNSEEN + timedelta(days=1))
    with store.write() as db:
        assert [bayes.forget(db, 3) for _ in range(4)] == [3, 3, 1, 0]
        assert db.scalar(select(func.count()).select_from(TokenCount)) == 0


def test_the_key_of_tokens_stays_and_is_wrapped(store: Store) -> None:
    with store.read() as db:
        assert bayes.token_key(db, store.ring) is None
    with store.write() as db:
        key = bayes.make_token_key(db, store.ring)
    with store.write() as db:
        assert bayes.make_token_key(db, store.ring) == key
        assert bayes.token_key(db, store.ring) == key
        assert key.hex() not in db.scalars(select(Learner.wrapped)).one()


def test_a_ring_that_lost_its_key_says_so(store: Store) -> None:
    other = KeyRing(some_settings(store.settings.data_dir).wrapping_keys)
    with store.write() as db:
        bayes.make_token_key(db, store.ring)
        with pytest.raises(Misconfigured, match="what was learned"):
            bayes.token_key(db, other)


@pytest.mark.parametrize("count", [1, 20, 150, 5000])
def test_however_many_tokens_speak_the_sum_is_a_probability(count: int) -> None:
    spammy, hammy = robinson(0, 1.0, 10_000), robinson(1.0, 0, 10_000)
    assert combined([spammy] * count) > 0.9
    assert combined([hammy] * count) < 0.1
    assert combined([hammy, spammy] * count) == pytest.approx(0.5)


def test_a_token_seen_once_says_less_than_one_seen_often() -> None:
    assert 0.5 < robinson(0, 0.01, 1) < robinson(0, 0.01, 5) < 1
    assert robinson(0, 0, 0) == 0.5
