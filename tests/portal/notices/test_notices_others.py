import json
import re

import pytest
from time_machine import Traveller

from mailstore import incidents
from mailstore.accounts import Account
from mailstore.deliveries import State
from mailstore.domains import Domain
from mailstore.incidents import IncidentKind, Told
from mailstore.lanes import Lane
from mailstore.mailboxes import Mailbox
from mailstore.notices import SEND
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal.notices import TROUBLES
from tests.databases import on_sqlite
from tests.factories import RecordedJobs, an_accepted
from tests.mailstore import outages
from tests.mailstore.outages import begins, ends, made
from tests.portal.mails import become
from tests.portal.noticed import (
    HOUR,
    OFFICE,
    PRIVATE,
    alter,
    begun,
    content,
    links,
    parts,
    read,
    spread,
)

pytestmark = pytest.mark.usefixtures("clock")

OPERATOR, HOOK = "root@operator.example", "https://hooks.example/"
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "end of an attribute": '"><img src=x onerror=alert(1)>',
    "a link": '<a href="https://evil.example/">Zustellen</a>',
    "template": "{{ 7 * 7 }} {% raw %} %(name)s %s %d %",
    "entities": "&lt;b&gt; &#60;b&#62;",
    "long": "x" * 400,
    "other letters": "安娜 🦊 Müller, Söhne (Zürich)",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@on_sqlite
def test_what_others_wrote_is_only_text(
    store: Store, admin: Account, lane_id: int, text: str
) -> None:
    alter(store, Tenant, admin.tenant_id or 0, name=text)
    alter(store, Account, admin.id, name=text)
    alter(store, Lane, lane_id, last_error=text)
    mail = begun(store, lane_id, OFFICE)
    shown, html = parts(mail)
    assert shown.count(text) >= 3
    assert re.findall(r"<(?:script|img|form|iframe|[^>]* on\w+=)", html) == []
    assert all(each.startswith("http://127.0.0.1:8080/") for each in links(mail))
    assert mail["From"].addresses[0].display_name == text


@on_sqlite
@pytest.mark.parametrize("kind", TROUBLES)
def test_an_operator_is_told_what_is_wrong_and_where(store: Store, kind: IncidentKind) -> None:
    store.settings = store.settings.model_copy(update={"operator_address": OPERATOR})
    with store.write() as db:
        incidents.begin(db, kind, "/srv/<b>data</b>", "1 & 2 MiB free")
    spread(store)
    mail = read(content(store, OPERATOR, Told.BEGAN))
    text, html = parts(mail)
    assert "mx.mailhafen.test" in mail["Subject"]
    assert "/srv/<b>data</b>\n" in text
    assert "1 & 2 MiB free\n" in text
    assert "/srv/&lt;b&gt;data&lt;/b&gt;" in html
    assert len(text.splitlines()[0]) > 20


@on_sqlite
def test_an_operator_is_told_since_when_it_is_over(store: Store, clock: Traveller) -> None:
    store.settings = store.settings.model_copy(update={"operator_address": OPERATOR})
    with store.write() as db:
        incidents.begin(db, IncidentKind.DISK, "/", "1 MiB free")
    spread(store)
    outages.sent(store, made(store)[0])
    clock.shift(HOUR)
    with store.write() as db:
        incidents.end(db, IncidentKind.DISK, "/")
    spread(store)
    mail = read(content(store, OPERATOR, Told.OVER))
    assert all("12:00" in part and "13:00" in part for part in parts(mail))


def test_a_notice_is_written_once_and_sent_then(
    store: Store, user: Account, lane_id: int, jobs: RecordedJobs
) -> None:
    begins(store, lane_id)
    spread(store)
    first = content(store, PRIVATE, Told.BEGAN)
    assert content(store, PRIVATE, Told.BEGAN) == first
    assert [each for each in jobs.asked if each[0] == SEND] == [(SEND, made(store)[0].id)]


@on_sqlite
def test_a_program_is_told_the_same_in_its_own_words(
    store: Store, anna: Mailbox, lane_id: int, clock: Traveller, stranger: Mailbox
) -> None:
    alter(store, Tenant, anna.tenant_id, webhook_url=HOOK)
    with store.write() as db:
        db.get_one(Domain, stranger.domain_id).lane_id = lane_id
    mails = [an_accepted(store, each) for each in (anna, anna, anna, stranger)]
    begins(store, lane_id, "no connection")
    spread(store)
    began = {
        "type": "outage.began", "began_at": "2026-11-24T12:00:00+00:00", "ended_at": None,
        "domains": ["muster.example"], "error": "no connection", "waiting": 3, "delivered": 0,
    }  # fmt: skip
    assert json.loads(content(store, HOOK, Told.BEGAN)) == began
    outages.sent(store, made(store)[0])
    clock.shift(HOUR)
    for each in mails[:2]:
        become(store, each, State.DELIVERED)
    ends(store, lane_id)
    spread(store)
    assert json.loads(content(store, HOOK, Told.OVER)) == began | {
        "type": "outage.ended", "ended_at": "2026-11-24T13:00:00+00:00", "waiting": 1,
        "delivered": 2,
    }  # fmt: skip
