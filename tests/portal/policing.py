"""Pages of policies as tests use them: what they set, what holds then, and what they say."""

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mailstore import mailboxes, namedpolicies, policies, protection, tailoring
from mailstore.addresses import Address
from mailstore.envelopes import Policy
from mailstore.mailboxes import Mailbox
from mailstore.policies import STANDARD, WITHOUT_REPORT
from mailstore.store import Store
from tests.portal.browsing import post

PAGE = "/admin/policies/"
TENANT = f"{PAGE}tenant"


def seen(column: str) -> bool:
    """Whether a column only says that somebody was there."""
    return column == "sign_ins.seen_at"


def recommended(store: Store, name: str = STANDARD) -> int:
    """Return the id of a recommended policy."""
    with store.read() as db:
        return policies.recommended(db, name).id


def copied(store: Store, mailbox: Mailbox, name: str = "Strict", **values: Any) -> int:
    """Return a policy of the own of a mailbox's tenant."""
    with store.write() as db:
        source = policies.recommended(db).id
        made = namedpolicies.copy(db, mailbox.tenant_id, source, name, by="test")
        namedpolicies.change(db, mailbox.tenant_id, made.id, values, by="test")
        return made.id


def save(client: FlaskClient, path: str, name: str, *value: str, **more: Any) -> TestResponse:
    """Send the form of a value."""
    form = {"deed": "set", "name": name, "value": list(value)} | more
    return post(client, path, PAGE, **form)


def holds(store: Store, mailbox: Mailbox) -> Policy:
    """Return what the relay goes by for a mailbox."""
    with store.read() as db:
        found = mailboxes.resolve(db, Address.parse(mailbox.address))
        assert found
        return found.policy


def value(client: FlaskClient, path: str, label: str) -> str:
    """Return what a page says after the name of a value, up to the next one."""
    html = re.split(r"class=\"value-name\">", client.get(path).text)
    (found,) = (each for each in html if each.startswith(label))
    text = re.sub(r"(?s)<form.*", "", found)
    return " ".join(re.sub(r"<[^>]*>", " ", text).removeprefix(label).split())


def in_use(store: Store, anna: Mailbox, long: str) -> int:
    """Return a policy of a tenant's own that a person goes by, with values tailored on it."""
    with store.write() as db:
        silent = policies.recommended(db, WITHOUT_REPORT).id
        made = namedpolicies.copy(db, anna.tenant_id, silent, long[:60], by="test")
        box = db.get_one(Mailbox, anna.id)
        tailoring.assign(db, box, made.id, by="test")
        values = {"own_score": "3..8", "newsletter_tag": long[:40]}
        tailoring.tailor(db, box, values, by="test")
        protection.add_person(db, anna.tenant_id, f"Eva {long}", by="test")
        protection.add_partner(db, anna.tenant_id, "bank.example", by="test")
        return made.id
