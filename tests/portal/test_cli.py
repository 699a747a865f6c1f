import re

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from sqlalchemy import func, select

from mailstore.deliveries import Delivery
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.reports import Report
from mailstore.settings import Settings
from mailstore.store import Store
from portal.cli import report
from tests.factories import ANNA, a_held_delivery, as_environment


def send(settings: Settings, *args: str) -> Result:
    """Run `flask report send` as the operator does."""
    return CliRunner().invoke(report, ["send", *args], env=as_environment(settings))


def counts(store: Store) -> tuple[int, int]:
    """Return how many reports were begun, and how many of them are in the queue."""
    with store.read() as db:
        mails = select(func.count()).where(Delivery.mail_class == MailClass.REPORT)
        begun = db.scalar(select(func.count()).select_from(Report))
        return begun or 0, db.scalar(mails) or 0


@pytest.mark.parametrize("address", [ANNA, "ANNA@muster.example"])
def test_an_operator_sends_a_report_at_once(store: Store, anna: Mailbox, address: str) -> None:
    a_held_delivery(store, anna)
    result = send(store.settings, address)
    assert result.exit_code == 0
    assert result.output.splitlines()[-1] == f"The report to {ANNA} is in the queue."
    assert counts(store) == (1, 1)


def test_the_link_and_the_code_can_be_told_on_the_telephone(
    store: Store, anna: Mailbox, client: FlaskClient
) -> None:
    a_held_delivery(store, anna)
    output = send(store.settings, ANNA, "--print").output
    link = re.search(r"(?m)^Link: http://127\.0\.0\.1:8080(/l/\S+)$", output)
    assert link
    assert re.search(r"(?m)^Code: \d{4}$", output)
    assert "Plans" in client.get(link[1]).text


def test_without_anything_to_deliver_the_link_leads_to_the_quarantine(
    store: Store, anna: Mailbox, client: FlaskClient
) -> None:
    a_held_delivery(store, anna, mail_class=MailClass.VIRUS)
    link = re.search(r"Link: \S+(/l/\S+)", send(store.settings, ANNA, "--print").output)
    assert link
    assert client.get(link[1]).location == "/quarantine/"


@pytest.mark.parametrize("address", ["nobody@muster.example", "anna@elsewhere.example", "anna", ""])
def test_who_is_not_there_gets_no_report(store: Store, address: str) -> None:
    result = send(store.settings, address)
    assert result.exit_code == 2
    assert len(result.output.splitlines()) == 1
    assert "Traceback" not in result.output
    assert counts(store) == (0, 0)


def test_a_mailbox_that_was_closed_gets_no_report(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        db.get_one(Mailbox, anna.id).active = False
    assert send(store.settings, ANNA).exit_code == 2
    assert counts(store) == (0, 0)
