from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailstore.listing import lists
from mailstore.mailboxes import Mailbox
from mailstore.senders import Owner
from mailstore.store import Store
from tests.factories import a_mailbox, as_environment
from tests.mailstore.curation.lists import came, listed, on_list

DATABASES = ["sqlite"]
NAME = "muster.example"
OLD = "there.example OK\nidle.example OK\ngmail.com OK\n10.0.0.1 OK\n"


@pytest.fixture
def anna(store: Store) -> Mailbox:
    with store.write() as db:
        found = a_mailbox(db)
    came(store, found, "bob@there.example", held=True)
    return found


def run(store: Store, *words: str, stdin: str = OLD) -> Result:
    return CliRunner(env=as_environment(store.settings)).invoke(lists, words, input=stdin)


def test_a_list_is_judged_before_it_is_entered(store: Store, anna: Mailbox) -> None:
    said = run(store, "import", NAME, "-", "--judge", "--dry-run").output
    assert "Line 3, gmail.com: Anybody can get an address" in said
    assert "Line 4, 10.0.0.1 OK: An IP address says nothing" in said
    assert "1 good, 1 needless, 1 careless, 0 present, 1 unusable" in said
    assert "1 would be entered." in said
    assert on_list(store, Owner(anna.tenant_id)) == []


def test_what_is_useful_is_entered_and_more_if_somebody_insists(
    store: Store, anna: Mailbox
) -> None:
    mine = Owner(anna.tenant_id, mailbox_id=anna.id)
    said = run(store, "import", NAME, "-", "--judge", "--owner", anna.address).output
    assert "1 added, 0 there already." in said
    assert on_list(store, mine) == [("allowed", "there.example")]
    run(store, "import", NAME, "-", "--judge", "--careless", "--owner", anna.address)
    assert len(on_list(store, mine)) == 3
    refused = run(store, "import", NAME, "-", "--judge", "--owner", "nobody@x.example")
    assert (refused.exit_code, "no mailbox and no domain" in refused.output) == (2, True)


def test_lists_are_tidied(store: Store, anna: Mailbox) -> None:
    listed(store, Owner(anna.tenant_id), "gmail.com", "fine.example")
    assert "*  allowed  gmail.com  free\n1 entries." in run(store, "tidy", NAME).output
    assert "1 removed." in run(store, "tidy", NAME, "--remove", "free").output
    assert on_list(store, Owner(anna.tenant_id)) == [("allowed", "fine.example")]


def test_what_we_wrote_ourselves_comes_back_as_before(
    store: Store, anna: Mailbox, tmp_path: Path
) -> None:
    file = tmp_path / "ours.csv"
    file.write_text(f"owner,list,sender\n{anna.address},blocked,bad.example\n")
    assert "1 added" in run(store, "import", NAME, str(file)).output
    assert on_list(store, Owner(anna.tenant_id, mailbox_id=anna.id)) == [("blocked", "bad.example")]
