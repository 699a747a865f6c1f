import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from mailstore import clock, quarantine, requests, rights
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import HeldRight, MailClass, Policy
from mailstore.errors import BadName
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.pages import Page
from mailstore.requests import Asked, RequestState
from mailstore.scope import NOTHING, Scope
from mailstore.store import Store
from tests.factories import ANNA, BEAT, RecordedJobs, a_held_delivery, a_mailbox
from tests.mailstore.requested import a_request, an_administrator, ask, grant, refuse, risky, seen

EVERY = rights.of_classes(MailClass)


def kinds(store: Store, held: Delivery) -> list[str]:
    with store.read() as db:
        found = select(Event.kind).where(Event.delivery_id == held.id).order_by(Event.id)
        return list(db.scalars(found))


def moved(store: Store, held: Delivery, state: State) -> None:
    with store.write() as db:
        db.execute(update(Delivery).where(Delivery.id == held.id).values(state=state))


def test_a_held_mail_is_asked_for_once(store: Store, jobs: RecordedJobs) -> None:
    held = risky(store)
    assert [ask(store, held, f"try {number}") for number in (1, 2)] == [True, False]
    with store.read() as db:
        request = requests.of(db, [held.id, 999])[held.id]
    assert (request.asked_by, request.why, request.state) == (ANNA, "try 1", RequestState.OPEN)
    assert kinds(store, held) == ["release_asked"]
    assert jobs.asked == [("tell_request", request.id)]


def test_of_racing_requests_one_is_kept(store: Store) -> None:
    held = risky(store)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: ask(store, held), range(8))) == 1
    assert kinds(store, held) == ["release_asked"]


@pytest.mark.parametrize(
    ("mail_class", "asked"),
    [(MailClass.PHISH, True), (MailClass.DANGEROUS, True), (MailClass.SPAM, False),
     (MailClass.VIRUS, False)],
)  # fmt: skip
def test_what_may_be_asked_for_goes_by_class(
    store: Store, mail_class: MailClass, asked: bool
) -> None:
    assert ask(store, a_held_delivery(store, mail_class=mail_class)) is asked


def test_what_may_be_asked_for_goes_by_policy(store: Store, anna: Mailbox) -> None:
    held = a_held_delivery(store, anna)
    with store.write() as db:
        policy = Policy(rights={MailClass.SPAM: HeldRight.ASK})
        may = rights.Rights({anna.id: {each: rights.right_to(policy, each) for each in MailClass}})
        scope = Scope(anna.tenant_id, frozenset({anna.id}))
        assert requests.ask(db, scope, held.id, "", by=ANNA, may=may.allow(HeldRight.ASK))


def test_nobody_asks_for_a_virus_whatever_they_may(store: Store, anna: Mailbox) -> None:
    virus = a_held_delivery(store, anna, mail_class=MailClass.VIRUS)
    with store.write() as db:
        assert not requests.ask(db, Scope(anna.tenant_id), virus.id, "", by=ANNA, may=EVERY)


def test_nobody_asks_for_mail_of_others(store: Store, anna: Mailbox) -> None:
    held = risky(store, anna)
    others = (Scope(anna.tenant_id + 1), Scope(anna.tenant_id, frozenset({anna.id + 1})), NOTHING)
    with store.write() as db:
        for scope in others:
            assert not requests.ask(db, scope, held.id, "", by="eve", may=EVERY)
    assert kinds(store, held) == []


@pytest.mark.parametrize("state", [each for each in State if each is not State.QUARANTINED])
def test_only_held_mail_can_be_asked_for(store: Store, state: State) -> None:
    held = risky(store)
    moved(store, held, state)
    assert not ask(store, held)


def test_a_text_that_cannot_be_kept_asks_for_nothing(store: Store) -> None:
    held = risky(store)
    for why in ("a\0b", "x" * 501):
        with pytest.raises(BadName):
            ask(store, held, why)
    assert kinds(store, held) == []


def held_until(store: Store, held: Delivery) -> datetime | None:
    with store.read() as db:
        return db.get_one(Delivery, held.id).held_until


def ends_in(store: Store, held: Delivery, days: int) -> datetime:
    ends = clock.now() + timedelta(days=days)
    with store.write() as db:
        db.execute(update(Delivery).where(Delivery.id == held.id).values(held_until=ends))
    return ends


@pytest.mark.usefixtures("clock")
def test_what_was_asked_for_is_held_long_enough_to_be_answered(store: Store) -> None:
    held = risky(store)
    ends_in(store, held, 1)
    assert ask(store, held)
    assert held_until(store, held) == clock.now() + requests.KEPT_FOR_ANSWER


@pytest.mark.usefixtures("clock")
def test_asking_takes_no_time_from_a_mail_and_a_second_time_adds_none(store: Store) -> None:
    held = risky(store)
    ends = ends_in(store, held, 20)
    ask(store, held)
    assert held_until(store, held) == ends
    ends = ends_in(store, held, 1)
    assert not ask(store, held)
    assert held_until(store, held) == ends


def test_granting_sends_the_mail_on_once(store: Store, jobs: RecordedJobs) -> None:
    held = risky(store)
    request = a_request(store, held)
    jobs.asked.clear()
    assert [grant(store, request, "Ok."), grant(store, request), refuse(store, request)] == [
        True, False, False,
    ]  # fmt: skip
    now = seen(store, request)
    assert (now.request.state, now.request.answered_by) == (RequestState.GRANTED, BEAT)
    assert (now.request.answer, now.delivery.state) == ("Ok.", State.RELEASING)
    assert kinds(store, held) == ["release_asked", "request_granted", "released"]
    assert ("tell_request", request.id) in jobs.asked


def test_refusing_leaves_the_mail_where_it_is(store: Store) -> None:
    held = risky(store)
    request = a_request(store, held)
    assert [refuse(store, request, "No."), grant(store, request)] == [True, False]
    now = seen(store, request)
    assert (now.request.state, now.delivery.state) == (RequestState.REFUSED, State.QUARANTINED)
    assert kinds(store, held) == ["release_asked", "request_refused"]


def test_of_racing_answers_one_counts(store: Store) -> None:
    held = risky(store)
    request = a_request(store, held)
    deeds: list[Callable[..., bool]] = [grant, refuse] * 4
    random.Random(1).shuffle(deeds)  # noqa: S311 (an order, no secret)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda deed: deed(store, request), deeds)) == 1
    now = seen(store, request)
    released = now.delivery.state is State.RELEASING
    assert released is (now.request.state is RequestState.GRANTED)


@pytest.mark.parametrize("deed", [grant, refuse])
def test_a_request_of_another_tenant_does_not_exist(
    store: Store, deed: Callable[..., bool]
) -> None:
    request = a_request(store, risky(store))
    with store.write() as db:
        other = a_mailbox(db, "eve@elsewhere.example").tenant_id
        answers = (requests.grant, requests.refuse)
        assert not any(each(db, other, request.id, by="eve", answer="") for each in answers)
        assert requests.look(db, other, request.id) is None
    assert deed(store, request)


@pytest.mark.parametrize("state", [State.DELETED, State.RELEASING, State.DELIVERED])
def test_a_request_is_over_once_its_mail_went_another_way(store: Store, state: State) -> None:
    held = risky(store)
    request = a_request(store, held)
    moved(store, held, state)
    assert not grant(store, request)
    assert not refuse(store, request)
    assert (seen(store, request).open, seen(store, request).request.state) == (
        False, RequestState.OPEN,
    )  # fmt: skip


def test_what_turned_out_to_be_a_virus_can_only_be_refused(store: Store) -> None:
    held = risky(store)
    request = a_request(store, held)
    with store.write() as db:
        db.execute(update(Delivery).values(mail_class=MailClass.VIRUS))
    assert not seen(store, request).grantable
    assert not grant(store, request)
    assert seen(store, request).request.state is RequestState.OPEN
    assert refuse(store, request)


def test_an_administrator_leaves_their_own_request_to_another(store: Store) -> None:
    an_administrator(store)
    request = a_request(store, risky(store), by=BEAT)
    assert not is_left(store, request.id)
    an_administrator(store, "carla@muster.example")
    assert is_left(store, request.id)
    assert not grant(store, request)
    assert not refuse(store, request)
    assert grant(store, request, by="carla@muster.example")


def is_left(store: Store, request_id: int) -> bool:
    with store.read() as db:
        request = db.get_one(requests.ReleaseRequest, request_id)
        return requests.is_left_to_others(db, request, BEAT)


def test_the_only_administrator_answers_their_own_request(store: Store) -> None:
    an_administrator(store)
    an_administrator(store, "eve@elsewhere.example")
    assert grant(store, a_request(store, risky(store), by=BEAT))


def test_open_requests_come_oldest_first_and_answered_ones_newest_first(
    store: Store, anna: Mailbox, clock: time_machine.Traveller
) -> None:
    made = []
    for _ in range(6):
        clock.shift(60)
        made.append(a_request(store, risky(store, anna)))
    for each in made[3:5]:
        refuse(store, each)
    with store.write() as db:
        scope = Scope(anna.tenant_id)
        assert quarantine.delete(db, scope, made[5].delivery_id, by=ANNA)
    pages = listed(store, anna.tenant_id, requests.open_ones)
    assert pages == [each.id for each in made[:3]]
    assert listed(store, anna.tenant_id, requests.answered) == [each.id for each in made[:2:-1]]


def listed(store: Store, tenant_id: int, what: Callable[..., Sequence[Asked]]) -> list[int]:
    """Return what pages of one show, one after the other."""
    found: list[int] = []
    after = None
    with store.read() as db:
        while rows := what(db, tenant_id, Page(after, size=1)):
            found.append(rows[0].request.id)
            after = (rows[0].request.asked_at, rows[0].request.id)
    return found


def test_open_requests_are_counted_within_a_tenant(store: Store, anna: Mailbox) -> None:
    for answered in (False, True, False):
        request = a_request(store, risky(store, anna))
        if answered:
            refuse(store, request)
    with store.read() as db:
        assert len(requests.open_ids(db, anna.tenant_id)) == 2
        assert requests.open_ids(db, anna.tenant_id + 1) == frozenset()


def test_a_request_goes_with_its_mail(store: Store, clock: time_machine.Traveller) -> None:
    request = a_request(store, risky(store))
    clock.shift(timedelta(days=31))
    with store.write() as db:
        db.delete(db.get_one(Delivery, request.delivery_id))
    with store.read() as db:
        assert requests.of(db, [request.delivery_id]) == {}
