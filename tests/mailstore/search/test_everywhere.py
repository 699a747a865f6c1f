from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import ColumnElement, true, update

from mailstore import clock, refusals
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.refusals import Refused
from mailstore.scope import NOTHING, Scope
from mailstore.search import everywhere as searching
from mailstore.search.everywhere import After, Found, everywhere
from mailstore.search.grammar import understood
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import NOON, a_mailbox
from tests.mailstore.search.mails import ZONE, indexed, received

HOUR = timedelta(hours=1)
Refuse = Callable[..., None]


@pytest.fixture
def refuse(store: Store, anna: Mailbox) -> Refuse:
    """Return what turns mail away at the door."""

    def turn_away(subject: str, *, hours: int = 0, mailbox: Mailbox = anna) -> None:
        refused = Refused(
            at=NOON + hours * HOUR, tenant_id=mailbox.tenant_id, domain_id=mailbox.domain_id,
            mailbox_id=mailbox.id, recipient=mailbox.address, client_ip="192.0.2.7",
            sender="b@bank.example", author="bank@bank.example", subject=subject,
            reason="mandatory rule OUTLOOK_EXPRESS", reply="550 5.7.1 no",
        )  # fmt: skip
        with store.write() as db:
            refusals.record(db, [refused])

    return turn_away


def found(
    store: Store,
    scope: Scope,
    typed: str = "",
    *,
    may: ColumnElement[bool] | None = None,
    after: After | None = None,
) -> list[Found]:
    with store.read() as db:
        query = understood(typed, NOON, ZONE)
        return everywhere(db, scope, query, may=true() if may is None else may, after=after)


def names(found: list[Found]) -> list[str]:
    return ["refused" if each.refusal else str(each.delivery and each.delivery.state)
            for each in found]  # fmt: skip


def test_everything_that_came_is_found_whatever_became_of_it(
    store: Store, anna: Mailbox, scope: Scope, refuse: Refuse
) -> None:
    for number, state in enumerate(State):
        came = received(store, anna, subject=f"Kran {state.value}", at=NOON + number * HOUR)
        with store.write() as db:
            db.execute(update(Delivery).filter_by(id=came.id).values(state=state))
    refuse("Kran", hours=9)
    assert names(found(store, scope, "kran")) == [
        "refused",
        *(each.value for each in list(State)[::-1]),
    ]
    assert names(found(store, scope, "kran failed")) == ["failed"]
    assert found(store, NOTHING, "kran") == []


@pytest.mark.parametrize(
    ("typed", "count"),
    [("gewinn", 1), ("from:bank", 1), ("subject:bank", 0), ("-gewinn", 0), ("before:23.11.2026", 0),
     ("after:23.11.2026", 1), ("has:attachment", 0), ("larger:1", 0), ("is:unread", 0), ("", 1)],
)  # fmt: skip
def test_refusals_are_found_by_what_their_rows_say(
    store: Store, scope: Scope, refuse: Refuse, typed: str, count: int
) -> None:
    refuse("Ihr Gewinn")
    assert len(found(store, scope, typed)) == count


def test_refusals_of_others_are_not_found(store: Store, scope: Scope, refuse: Refuse) -> None:
    with store.write() as db:
        beat, eve = (a_mailbox(db, each) for each in ("beat@muster.example", "eve@else.example"))
    for each in (beat, eve):
        refuse("Gewinn", mailbox=each)
    assert found(store, scope, "gewinn") == []
    assert len(found(store, Scope(beat.tenant_id), "gewinn")) == 1


@pytest.mark.parametrize("kept", [7, 30])
@pytest.mark.parametrize("age", [20, 40])
def test_mail_whose_content_is_erased_is_found_by_author_and_subject(
    store: Store, anna: Mailbox, scope: Scope, kept: int, age: int
) -> None:
    at = clock.now() - timedelta(days=age)
    came = received(store, anna, "bagger", subject="Kran für Zürich", at=at).id
    with store.write() as db:
        db.execute(update(Message).values(pack=None))
        db.execute(update(Tenant).values(keep_days=kept))
    for typed, count in (("zuerich kran", 1), ("from:bob", 1), ("bagger", 0), ("kran -bob", 0)):
        assert len(found(store, scope, typed)) == count
    assert found(store, scope, "kran")[0].place.id == came


def test_held_mail_is_found_by_who_may_see_it(store: Store, anna: Mailbox, scope: Scope) -> None:
    indexed(store, anna, "kran", held=True)
    assert len(found(store, scope, "kran")) == 1
    hidden = Delivery.mail_class == MailClass.VIRUS
    assert found(store, scope, "kran", may=hidden) == []


def test_pages_go_on_where_they_ended_over_both_tables(
    store: Store, anna: Mailbox, scope: Scope, refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "SIZE", 2)
    for number in range(4):
        received(store, anna, subject=f"Kran {number}", at=NOON + number // 2 * HOUR)
        refuse(f"Kran {number}", hours=number // 2)
    seen: list[tuple[bool, int]] = []
    after = None
    for _ in range(4):
        page = found(store, scope, "kran", after=after)[:2]
        seen += [(each.place.refused, each.place.id) for each in page]
        after = page[-1].place
    assert len({*seen}) == len(seen) == 8
    assert found(store, scope, "kran", after=after) == []
