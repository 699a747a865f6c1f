"""The commands for moving in, as an operator types them."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailstore import mailboxes
from mailstore.addresses import Address
from mailstore.mailboxes import Mailbox
from mailstore.moving.commands import import_people, mailbox_export
from mailstore.store import Store
from tests.factories import a_mailbox, as_environment
from tests.mailstore.moving import files

NAME = "muster.example"
DATABASES = ["sqlite"]


@pytest.fixture
def gone(store: Store, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    """Return a mailbox that no file names, in the store that commands open."""
    for name, value in as_environment(store.settings).items():
        monkeypatch.setenv(name, value)
    with store.write() as db:
        return a_mailbox(db, f"gone@{NAME}", name="=1+1")


def run(folder: Path, text: str, *words: str) -> Result:
    (folder / "people.csv").write_text(text)
    return CliRunner().invoke(import_people, [NAME, str(folder / "people.csv"), *words])


def known(store: Store, local: str) -> bool:
    with store.read() as db:
        return mailboxes.resolve(db, Address(local, NAME)) is not None


@pytest.mark.usefixtures("gone")
def test_a_dry_run_says_all_and_changes_nothing(store: Store, tmp_path: Path) -> None:
    result = run(tmp_path, files.OWN + "X,x@elsewhere.example,,\n", "--dry-run")
    assert "+ anna@muster.example, ak@muster.example" in result.output
    assert "? gone@muster.example is not in the file." in result.output
    assert "Line 4: The domain of “x@elsewhere.example” is none" in result.output
    assert "2 new, 1 aliases, 0 changed, 0 unchanged, 1 not in the file, 1 left out." in (
        result.output
    )
    assert result.exit_code == 1
    assert not known(store, "anna")


@pytest.mark.usefixtures("gone")
def test_an_import_is_carried_out_and_may_be_run_again(store: Store, tmp_path: Path) -> None:
    first = run(tmp_path, files.OWN, "--switch-off-missing")
    assert "Done: 2 added, 1 aliases, 0 changed, 1 switched off" in first.output
    assert (known(store, "ak"), known(store, "gone"), first.exit_code) == (True, False, 0)
    assert "Done: 0 added, 0 aliases, 0 changed, 0 switched off, 2 unchanged" in (
        run(tmp_path, files.OWN).output
    )


@pytest.mark.usefixtures("gone")
def test_what_is_no_file_of_people_ends_with_a_sentence(tmp_path: Path) -> None:
    result = run(tmp_path, "Phone\n1\n")
    assert result.exit_code == 2
    assert "No column of the file is known" in result.output


@pytest.mark.usefixtures("gone")
def test_what_is_written_can_be_read_again_and_is_inert(store: Store, tmp_path: Path) -> None:
    run(tmp_path, files.OWN)
    written = CliRunner().invoke(mailbox_export, [NAME]).output
    assert "'=1+1,gone@muster.example,,person" in written
    again = run(tmp_path, written, "--no-accounts").output
    assert "0 added, 0 aliases, 0 changed, 0 switched off, 3 unchanged, 0 left out" in again
    assert known(store, "gone")
