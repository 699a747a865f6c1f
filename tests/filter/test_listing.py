from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from filter.cli import COMMANDS
from mailstore.store import Store
from tests.factories import a_mailbox, as_environment

TENANT = "muster.example"
GROUPS = {command.name: command for command in COMMANDS}


@pytest.fixture
def run(store: Store) -> "Run":
    with store.write() as db:
        a_mailbox(db)
    return Run(store)


class Run:
    """Runs a command as the operator does."""

    def __init__(self, store: Store) -> None:
        self._env = as_environment(store.settings)

    def __call__(self, name: str, *args: str) -> Result:
        return CliRunner().invoke(GROUPS[name], args, env=self._env)


def test_lists_come_in_and_go_out_as_a_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "lists.csv"
    file.write_bytes(b"\xef\xbb\xbfowner,list,sender\r\n,blocked,gmail.com\r\n")
    done = run("lists", "import", TENANT, str(file))
    assert done.exit_code == 0
    assert "Line 2, gmail.com: Anybody can get an address" in done.output
    assert "1 added, 0 there already." in done.output
    assert ",blocked,gmail.com,any," in run("lists", "export", TENANT).output


def test_a_domain_is_made_strict_by_a_command(run: Run) -> None:
    said = [
        run("strict", *args, TENANT, *names).output.strip()
        for args, names in (
            (["add"], [TENANT]), (["add"], [TENANT]), (["list"], []), (["remove"], [TENANT]),
        )
    ]  # fmt: skip
    assert said == [
        f"{TENANT} is strict.", f"{TENANT} was strict already.", TENANT,
        f"{TENANT} is strict no longer.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "args",
    [
        ("strict", "add", TENANT, "there.example"),
        ("strict", "remove", TENANT, TENANT),
        ("strict", "list", "Nobody"),
        ("lists", "export", "Nobody"),
    ],
    ids=["foreign domain", "not strict", "no tenant", "no tenant's lists"],
)
def test_what_cannot_be_done_is_a_sentence(run: Run, args: tuple[str, ...]) -> None:
    done = run(*args)
    assert done.exit_code == 2
    assert done.output.strip().endswith(".")
