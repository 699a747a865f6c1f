import re
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from time_machine import Traveller

from mailstore import policies
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.settings import Settings
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal.reports.commands import report
from tests.factories import ANNA, a_held_delivery, as_environment
from tests.reporting import queued, reports_of

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

TENANT = "Muster AG"


def send(settings: Settings, *args: str) -> Result:
    """Run `flask report send` as the operator does."""
    return CliRunner().invoke(report, ["send", *args], env=as_environment(settings))


def counts(store: Store) -> tuple[int, int]:
    """Return how many reports were kept, and how many of them are in the queue."""
    return reports_of(store), len(queued(store))


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


@pytest.fixture
def named(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        db.get_one(Tenant, anna.tenant_id).name = TENANT


def run(settings: Settings, *args: str) -> Result:
    return CliRunner().invoke(report, args, env=as_environment(settings))


def test_an_operator_sees_a_report_that_nobody_gets(
    store: Store, anna: Mailbox, tmp_path: Path
) -> None:
    a_held_delivery(store, anna)
    file = tmp_path / "report.eml"
    output = run(store.settings, "preview", ANNA, "--eml", str(file)).output
    assert "Subject: 1 neue Nachricht in der Quarantäne" in output
    assert "Plans" in output
    assert b"List-Unsubscribe" in file.read_bytes()
    assert counts(store) == (0, 0)


@pytest.mark.usefixtures("named")
def test_an_operator_says_when_reports_come_and_sees_it(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    for whom, times in ((TENANT, "07:00"), ("muster.example", "08:00"), (ANNA, "16:30,06:15")):
        done = run(store.settings, "schedule", whom, "--at", times, "--on", "fri")
        assert done.output == f"The reports of {whom} are set.\n"
        first = min(times.split(","))
        assert run(store.settings, "due").output == (
            f"2026-11-27 {first}:00 Europe/Zurich  {ANNA}\n"
        )
    run(store.settings, "schedule", ANNA, "--no-reports")
    assert "(no reports)" in run(store.settings, "due").output
    assert "gets no reports" in run(store.settings, "preview", ANNA).output


@pytest.mark.parametrize(
    "args",
    [
        ("schedule", "Nobody AG", "--at", "09:00"), ("schedule", ANNA, "--at", "09:00,10:00,11:00"),
        ("schedule", ANNA), ("schedule", ANNA, "--fold", "nan"), ("schedule", ANNA, "--fold", "-1"),
        ("schedule", ANNA, "--on", "often"), ("to", ANNA, "eve@elsewhere.example"),
        ("delegate", ANNA, ANNA), ("guard", "Nobody AG", "always"), ("preview", "nobody@x.example"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_one_line(
    store: Store, anna: Mailbox, args: tuple[str, ...]
) -> None:
    done = run(store.settings, *args)
    assert (done.exit_code, len(done.output.splitlines())) == (2, 1)


@pytest.mark.usefixtures("named")
def test_reports_go_to_somebody_else_and_what_is_due_is_written(
    store: Store, anna: Mailbox, beat: Mailbox, clock: Traveller
) -> None:
    a_held_delivery(store, anna)
    assert run(store.settings, "to", ANNA, beat.address).exit_code == 0
    assert run(store.settings, "guard", TENANT, "always").exit_code == 0
    clock.shift(timedelta(days=1))
    assert run(store.settings, "write").exit_code == 0
    (mail,) = queued(store)
    assert mail.recipient == beat.address


@pytest.mark.usefixtures("named")
def test_what_a_tenant_sets_later_holds_below_where_nothing_else_is_said(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    for whom, option in ((ANNA, "--fold=9"), ("muster.example", "--empty"), (TENANT, "--at=10:00")):
        assert run(store.settings, "schedule", whom, option).exit_code == 0
    assert "10:00:00" in run(store.settings, "due").output
    with store.read() as db:
        mailbox = db.get_one(Mailbox, anna.id)
        assert mailbox.policy_id is not None
        policy = policies.effective(db, mailbox.policy_id)
    assert (policy.report_at, policy.report_empty, policy.report_folds_at) == ("10:00", True, 9.0)
