from datetime import timedelta

import pytest
import time_machine

from mailstore import disclosures, quarantine
from mailstore.errors import BadName
from mailstore.mailboxes import Mailbox
from mailstore.requests import ReleaseRequest
from mailstore.scope import Scope
from mailstore.store import Store
from tests.factories import BEAT
from tests.mailstore.requested import a_request, grant, refuse, risky, seen
from tests.portal.browsing import happened

REASON = "Anna asked me to look at it."


@pytest.fixture
def request_(store: Store, anna: Mailbox) -> ReleaseRequest:
    return a_request(store, risky(store, anna))


def disclose(store: Store, request: ReleaseRequest, reason: str = REASON) -> None:
    with store.write() as db:
        delivery = seen(store, request).delivery
        disclosures.disclose(db, delivery, reason, by=BEAT, request_id=request.id)


def is_disclosed(store: Store, request: ReleaseRequest, by: str = BEAT) -> bool:
    with store.read() as db:
        return disclosures.may_read(db, seen(store, request), by=by)


def test_without_a_line_in_the_log_nothing_is_disclosed(
    store: Store, request_: ReleaseRequest
) -> None:
    assert not is_disclosed(store, request_)


def test_the_log_says_who_read_whose_mail_how_and_why(
    store: Store, request_: ReleaseRequest
) -> None:
    disclose(store, request_, "  a\tgood\nreason ")
    (line,) = happened(store, "content_read")
    assert (line.by, line.tenant_id, line.mailbox_id, line.delivery_id) == (
        BEAT, request_.tenant_id, request_.mailbox_id, request_.delivery_id,
    )  # fmt: skip
    assert line.detail == {
        "access": "release request", "request": request_.id, "reason": "a good reason",
    }  # fmt: skip


def test_it_holds_for_who_said_why_and_nobody_else(store: Store, request_: ReleaseRequest) -> None:
    disclose(store, request_)
    assert is_disclosed(store, request_)
    assert not is_disclosed(store, request_, by="carla@muster.example")


def test_it_holds_for_this_mail_only(store: Store, anna: Mailbox, request_: ReleaseRequest) -> None:
    disclose(store, request_)
    assert not is_disclosed(store, a_request(store, risky(store, anna)))


def test_it_holds_for_a_quarter_of_an_hour(
    store: Store, request_: ReleaseRequest, clock: time_machine.Traveller
) -> None:
    disclose(store, request_)
    clock.shift(timedelta(minutes=14))
    assert is_disclosed(store, request_)
    clock.shift(timedelta(minutes=1))
    assert not is_disclosed(store, request_)


@pytest.mark.parametrize("deed", [grant, refuse])
def test_it_ends_with_the_answer(store: Store, request_: ReleaseRequest, deed: object) -> None:
    disclose(store, request_)
    assert callable(deed)
    assert deed(store, request_)
    assert not is_disclosed(store, request_)


def test_it_ends_when_the_person_deletes_the_mail(store: Store, request_: ReleaseRequest) -> None:
    disclose(store, request_)
    with store.write() as db:
        scope = Scope(request_.tenant_id)
        assert quarantine.delete(db, scope, request_.delivery_id, by="anna")
    assert not is_disclosed(store, request_)


@pytest.mark.parametrize("reason", ["", "    ", "four", "x" * 201, "a\0bcdef"])
def test_a_reason_that_says_nothing_opens_nothing(
    store: Store, request_: ReleaseRequest, reason: str
) -> None:
    with pytest.raises(BadName):
        disclose(store, request_, reason)
    assert not is_disclosed(store, request_)
    assert happened(store, "content_read") == []
