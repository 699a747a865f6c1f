import pytest
from sqlalchemy import select

from mailstore import heldlist, rights
from mailstore.deliveries import Delivery
from mailstore.domains import Domain
from mailstore.envelopes import HeldRight, MailClass, Policy
from mailstore.mailboxes import Mailbox
from mailstore.rights import SEEN, Rights
from mailstore.scope import EVERYBODY, NOTHING, Scope
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import BEAT, a_held_delivery, a_mailbox
from tests.mailstore.holding import a_policy, let, put_under, scope_of

DELIVER, ASK, SEE, HIDDEN = HeldRight.DELIVER, HeldRight.ASK, HeldRight.SEE, HeldRight.HIDDEN
SPAM, PHISH, VIRUS = MailClass.SPAM, MailClass.PHISH, MailClass.VIRUS


@pytest.fixture
def beat(store: Store, anna: Mailbox) -> Mailbox:
    with store.write() as db:
        return a_mailbox(db, BEAT)


def granted(store: Store, mailbox: Mailbox, mail_class: MailClass) -> HeldRight:
    with store.read() as db:
        found = rights.of_mailboxes(db, [mailbox.id]).by_mailbox
    return found[mailbox.id][mail_class]


@pytest.mark.parametrize(
    ("mail_class", "right"),
    [(MailClass.CLEAN, DELIVER), (MailClass.NEWSLETTER, DELIVER), (SPAM, DELIVER),
     (MailClass.REPORT, DELIVER), (PHISH, ASK), (MailClass.DANGEROUS, ASK), (VIRUS, SEE)],
)  # fmt: skip
def test_without_a_word_of_a_policy_the_kind_decides(
    store: Store, anna: Mailbox, mail_class: MailClass, right: HeldRight
) -> None:
    assert granted(store, anna, mail_class) is right


@pytest.mark.parametrize(
    ("said", "right"), [(DELIVER, SEE), (ASK, SEE), (SEE, SEE), (HIDDEN, HIDDEN)]
)
def test_no_policy_hands_out_a_virus(said: HeldRight, right: HeldRight) -> None:
    assert rights.right_to(Policy(rights={VIRUS: said}), VIRUS) is right


@pytest.mark.parametrize("level", ["tenant", "domain", "person"])
def test_the_nearest_policy_decides(store: Store, anna: Mailbox, beat: Mailbox, level: str) -> None:
    with store.read() as db:
        tenant, domain = db.get_one(Tenant, anna.tenant_id), db.get_one(Domain, anna.domain_id)
    owners: dict[str, Tenant | Domain | Mailbox] = {
        "tenant": tenant,
        "domain": domain,
        "person": anna,
    }
    farther = {"tenant": [], "domain": ["tenant"], "person": ["tenant", "domain"]}[level]
    for each in farther:
        put_under(store, owners[each], a_policy(store, {SPAM: HIDDEN}))
    put_under(store, owners[level], a_policy(store, {SPAM: ASK}))
    assert granted(store, anna, SPAM) is ASK
    others = {"tenant": ASK, "domain": ASK, "person": HIDDEN}
    assert granted(store, beat, SPAM) is others[level]


def test_what_a_policy_does_not_say_its_parents_say(store: Store, anna: Mailbox) -> None:
    oldest = a_policy(store, {SPAM: SEE, PHISH: HIDDEN})
    parent = a_policy(store, {SPAM: ASK}, oldest)
    put_under(store, anna, a_policy(store, {MailClass.NEWSLETTER: HIDDEN}, parent))
    kinds = (SPAM, PHISH, MailClass.NEWSLETTER, MailClass.CLEAN)
    assert [granted(store, anna, each) for each in kinds] == [ASK, HIDDEN, HIDDEN, DELIVER]


def test_each_mailbox_goes_by_its_own_policy(store: Store, anna: Mailbox, beat: Mailbox) -> None:
    let(store, anna, spam=HIDDEN, phish=DELIVER)
    made = {
        (whose.id, mail_class): a_held_delivery(store, whose, mail_class=mail_class).id
        for whose in (anna, beat)
        for mail_class in (SPAM, PHISH, VIRUS)
    }
    with store.read() as db:
        allowed = rights.of_scope(db, scope_of(anna, beat))
        found = {
            wanted: set(db.scalars(select(Delivery.id).where(allowed.allow(*wanted))))
            for wanted in ((DELIVER,), (ASK,), tuple(SEEN), (DELIVER, ASK))
        }
    mine, his = ({each: made[whose.id, each] for each in (SPAM, PHISH, VIRUS)}
                 for whose in (anna, beat))  # fmt: skip
    assert found[DELIVER,] == {mine[PHISH], his[SPAM]}
    assert found[ASK,] == {his[PHISH]}
    assert found[DELIVER, ASK] == {mine[PHISH], his[SPAM], his[PHISH]}
    assert found[tuple(SEEN)] == set(made.values()) - {mine[SPAM]}


def test_a_right_and_its_condition_say_the_same(store: Store, anna: Mailbox, beat: Mailbox) -> None:
    let(store, anna, clean=SEE, newsletter=ASK, spam=HIDDEN, virus=DELIVER)
    for whose in (anna, beat):
        for mail_class in MailClass:
            a_held_delivery(store, whose, mail_class=mail_class)
    with store.read() as db:
        allowed = rights.of_scope(db, scope_of(anna, beat))
        for each in HeldRight:
            there = db.scalars(select(Delivery).where(allowed.allow(each))).all()
            every = db.scalars(select(Delivery)).all()
            assert {row.id for row in there} == {r.id for r in every if allowed.to(r) is each}


def test_held_mail_is_counted_as_far_as_it_is_seen(
    store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    for whose, mail_class in ((anna, SPAM), (anna, VIRUS), (beat, SPAM)):
        a_held_delivery(store, whose, mail_class=mail_class)

    def seen(scope: Scope) -> int:
        with store.read() as db:
            return heldlist.held(db, scope, rights.of_scope(db, scope))

    scopes = (scope_of(anna), scope_of(anna, beat), scope_of(beat), NOTHING, EVERYBODY)
    assert list(map(seen, scopes)) == [2, 3, 1, 0, 0]
    let(store, anna, spam=HIDDEN)
    assert list(map(seen, scopes)) == [1, 2, 1, 0, 0]


@pytest.mark.parametrize("scope", [NOTHING, Scope(1, frozenset()), Scope(1, frozenset({99}))])
def test_who_has_no_mailbox_has_no_right(store: Store, anna: Mailbox, scope: Scope) -> None:
    held = a_held_delivery(store, anna)
    with store.read() as db:
        allowed = rights.of_scope(db, scope)
        assert db.scalars(select(Delivery).where(allowed.allow(*HeldRight))).all() == []
    assert allowed.to(held) is HIDDEN


def test_nothing_may_be_done_with_mail_of_no_mailbox() -> None:
    assert Rights({}).to(Delivery(mailbox_id=None, mail_class=SPAM)) is HIDDEN
