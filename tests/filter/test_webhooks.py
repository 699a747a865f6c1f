import base64
import json
import secrets
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from filter import telling
from filter.telling import send_notice
from mailstore import tenants
from mailstore.notices import Notice, Way
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.filter.names import FakeDNS
from tests.filter.receiver import Receiver, is_proven
from tests.filter.tellings import a_notice, again, is_tried_later, sent
from tests.inside import HOSTS, NAMES

KEY = secrets.token_bytes(24)
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
BODY = json.dumps({"type": "outage.began", "domains": ["müller.example"]}).encode()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def inside(store: Store, names: FakeDNS) -> FakeDNS:
    """Return the name server of a store whose webhooks may lead to loopback."""
    names.records = {("A", "hooks.example"): ["127.0.0.1"]}
    set_to(store, inside_networks="127.0.0.0/8,::1/128", dns_servers=f"127.0.0.1:{names.port}")
    return names


def set_to(store: Store, **values: object) -> None:
    store.settings = store.settings.model_copy(update=values)


def a_hook(store: Store, target: str) -> Notice:
    """Return a notice to a tenant's webhook."""
    notice = a_notice(store, Way.WEBHOOK, target, BODY)
    with store.write() as db:
        tenants.set_webhook(db, notice.tenant_id or 0, target, store.ring.wrap(KEY), by="test")
    return notice


def test_a_webhook_is_proven_and_says_what_was_written(
    receiver: Receiver, inside: FakeDNS, store: Store
) -> None:
    done = sent(store, a_hook(store, f"http://hooks.example:{receiver.port}/a?b=c"))
    (call,) = receiver.calls
    assert (call.path, call.body) == ("/a?b=c", BODY)
    assert call.headers["Content-Type"] == "application/json"
    assert call.headers["Host"] == f"hooks.example:{receiver.port}"
    assert is_proven(call, SECRET)
    assert (done.try_at, done.reply) == (None, "HTTP 204")
    assert done.sent_at is not None


@on_sqlite
def test_a_webhook_with_another_body_or_key_is_not_proven(
    receiver: Receiver, inside: FakeDNS, store: Store
) -> None:
    sent(store, a_hook(store, f"http://hooks.example:{receiver.port}/"))
    (call,) = receiver.calls
    other = f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"
    assert not is_proven(call, other)
    assert not is_proven(type(call)(call.path, call.headers, call.body + b" "), SECRET)


@on_sqlite
def test_a_webhook_is_called_once_though_its_job_runs_often(
    receiver: Receiver, inside: FakeDNS, store: Store
) -> None:
    notice = a_hook(store, f"http://hooks.example:{receiver.port}/")
    for _ in range(5):
        sent(store, notice)
    assert len(receiver.calls) == 1


def test_of_many_workers_at_once_one_calls_a_webhook(
    receiver: Receiver, inside: FakeDNS, store: Store
) -> None:
    notice = a_hook(store, f"http://hooks.example:{receiver.port}/")
    workers = [threading.Thread(target=send_notice, args=(store, notice.id)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(receiver.calls) == 1


@on_sqlite
@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(
    receiver: Receiver, inside: FakeDNS, store: Store, code: int
) -> None:
    receiver.code = code
    receiver.location = f"http://hooks.example:{receiver.port}/elsewhere"
    done = sent(store, a_hook(store, f"http://hooks.example:{receiver.port}/"))
    assert [call.path for call in receiver.calls] == ["/"]
    assert is_tried_later(done)
    assert done.reply == f"HTTP {code}"


@on_sqlite
def test_a_webhook_that_is_gone_is_not_called_again(
    receiver: Receiver, inside: FakeDNS, store: Store
) -> None:
    receiver.code = 410
    done = sent(store, a_hook(store, f"http://hooks.example:{receiver.port}/"))
    assert (done.sent_at, done.try_at, done.reply) == (None, None, "HTTP 410")


@pytest.mark.parametrize("code", [404, 429, 500, 503])
@on_sqlite
def test_a_webhook_that_fails_is_called_again_under_the_same_name(
    receiver: Receiver, inside: FakeDNS, store: Store, code: int
) -> None:
    receiver.code = code
    notice = a_hook(store, f"http://hooks.example:{receiver.port}/")
    assert is_tried_later(sent(store, notice))
    receiver.code = 200
    assert again(store, notice).sent_at is not None
    first, second = receiver.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert is_proven(second, SECRET)


@on_sqlite
@pytest.mark.parametrize("host", ["hooks.example", *HOSTS])
def test_a_webhook_that_leads_to_the_inside_is_not_called(
    receiver: Receiver, inside: FakeDNS, store: Store, host: str
) -> None:
    set_to(store, inside_networks="")
    inside.records |= NAMES
    done = sent(store, a_hook(store, f"http://{host}:{receiver.port}/"))
    assert receiver.calls == []
    assert is_tried_later(done)


@on_sqlite
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_webhook_may_lead_to_a_network_that_the_operator_let_in(
    receiver: Receiver, inside: FakeDNS, store: Store, host: str
) -> None:
    assert sent(store, a_hook(store, f"http://{host}:{receiver.port}/")).sent_at is not None


@on_sqlite
@pytest.mark.parametrize("manner", ["silent", "slow"])
def test_a_slow_server_is_left_in_time(
    receiver: Receiver, inside: FakeDNS, store: Store, monkeypatch: pytest.MonkeyPatch, manner: str
) -> None:
    monkeypatch.setattr(telling, "WEBHOOK_SECONDS", 0.3)
    receiver.manner = manner
    notice, begun = a_hook(store, f"http://hooks.example:{receiver.port}/"), time.monotonic()
    done = sent(store, notice)
    assert time.monotonic() - begun < 5
    assert is_tried_later(done)
    assert done.reply == "no answer within 0.3 s"


@on_sqlite
def test_an_answer_that_does_not_end_is_not_read(
    receiver: Receiver, inside: FakeDNS, store: Store
) -> None:
    receiver.manner, receiver.code = "endless", 200
    begun = time.monotonic()
    done = sent(store, a_hook(store, f"http://hooks.example:{receiver.port}/"))
    assert done.sent_at is not None
    assert time.monotonic() - begun < telling.WEBHOOK_SECONDS / 2


@on_sqlite
@pytest.mark.parametrize(
    "target",
    ["http://hooks.example:{port}/", "http://nowhere.example/"],
    ids=["nobody listens", "no such name"],
)
def test_a_webhook_that_cannot_be_reached_is_tried_later(
    inside: FakeDNS, store: Store, target: str
) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        done = sent(store, a_hook(store, target.format(port=bound.getsockname()[1])))
    assert is_tried_later(done)
    assert done.reply


@on_sqlite
def test_a_webhook_that_was_changed_meanwhile_is_not_called(
    receiver: Receiver, inside: FakeDNS, store: Store
) -> None:
    notice = a_hook(store, f"http://hooks.example:{receiver.port}/")
    with store.write() as db:
        tenants.set_webhook(db, notice.tenant_id or 0, "", "", by="test")
    done = sent(store, notice)
    assert (receiver.calls, done.sent_at, done.try_at) == ([], None, None)
