import zipfile
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from mailstore import accounts
from mailstore.erasure.commands import person, retention
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import ANNA, a_mailbox, an_accepted, an_account, as_environment

DATABASES = ["sqlite"]
NAME = "muster.example"


@pytest.fixture
def anna(store: Store) -> Mailbox:
    with store.write() as db:
        found = a_mailbox(db)
        an_account(db, found)
    an_accepted(store, found)
    return found


def run(store: Store, group: click.Command, *words: str) -> Result:
    return CliRunner(env=as_environment(store.settings)).invoke(group, words)


def test_days_are_shown_and_set_and_less_wants_a_yes(store: Store, anna: Mailbox) -> None:
    assert "copies 7 days, held 30 days" in run(store, retention, "show", NAME).output
    assert run(store, retention, "set", NAME, "--keep", "20").exit_code == 0
    refused = run(store, retention, "set", NAME, "--keep", "7")
    assert (refused.exit_code, "0 copies and 0 held mails" in refused.output) == (2, True)
    assert run(store, retention, "set", NAME, "--keep", "8", "--yes").exit_code == 0
    assert run(store, retention, "set", NAME, "--keep", "6", "--yes").exit_code == 2
    with store.read() as db:
        assert db.get_one(Tenant, anna.tenant_id).keep_days == 8


def test_a_planted_word_is_found_until_it_is_gone(store: Store, anna: Mailbox) -> None:
    word = run(store, retention, "plant", ANNA).output.strip()
    found = run(store, retention, "prove", word)
    assert (found.exit_code, "messages.subject: 1" in found.output) == (1, True)
    gone = run(store, retention, "prove", word + "x")
    assert (gone.exit_code, "It stands nowhere." in gone.output) == (0, True)
    assert run(store, retention, "prove", "abc").exit_code == 2


def test_a_person_is_exported_and_erased(store: Store, anna: Mailbox, tmp_path: Path) -> None:
    file = tmp_path / "anna.zip"
    said = run(store, person, "export", ANNA, str(file), "--reason", "Anna asked for it.").output
    assert said.startswith("1 mails")
    assert file.stat().st_mode & 0o77 == 0
    assert "mails.csv" in zipfile.ZipFile(file).namelist()
    refused = run(store, person, "erase", ANNA)
    assert (refused.exit_code, "Gone will be 1 mails" in refused.output) == (2, True)
    assert run(store, person, "erase", ANNA, "--yes").exit_code == 0
    with store.read() as db:
        assert accounts.find(db, ANNA) is None
    assert run(store, person, "erase", ANNA, "--yes").exit_code == 2
