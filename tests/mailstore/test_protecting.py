import pytest
from click.testing import CliRunner, Result

from mailstore.protecting import protect
from mailstore.store import Store
from tests.factories import a_tenant, as_environment


@pytest.fixture
def run(store: Store) -> object:
    with store.write() as db:
        a_tenant(db, "Muster AG")

    def run(*args: str) -> Result:
        return CliRunner().invoke(protect, args, env=as_environment(store.settings))

    return run


@pytest.mark.parametrize(
    ("kind", "args", "line"),
    [
        ("person", ["Anna Keller", "--address", "anna@home.example"],
         "Anna Keller  anna@home.example"),
        ("person", ["Anna Keller"], "Anna Keller"),
        ("partner", ["bank.example"], "bank.example"),
    ],
    ids=["with an address", "name only", "partner"],
)  # fmt: skip
def test_who_is_protected_is_added_listed_and_removed(
    run: object, kind: str, args: list[str], line: str
) -> None:
    assert callable(run)
    assert run(kind, "add", "Muster AG", *args).output == f"Protected {args[0]}.\n"
    assert run(kind, "add", "Muster AG", *args).output == f"{args[0]} was protected already.\n"
    assert run(kind, "list", "Muster AG").output == f"{line}\n"
    assert run(kind, "remove", "Muster AG", args[0]).exit_code == 0
    assert run(kind, "list", "Muster AG").output == ""
    assert run(kind, "remove", "Muster AG", args[0]).exit_code == 2


@pytest.mark.parametrize(
    "args",
    [
        ["person", "add", "Nobody AG", "Anna Keller"],
        ["person", "add", "Muster AG", "Anna"],
        ["person", "add", "Muster AG", "Anna Keller", "--address", "anna"],
        ["partner", "add", "Muster AG", "not a domain"],
        ["partner", "remove", "Muster AG", "not a domain"],
        ["partner", "list", "Nobody AG"],
    ],
    ids=["no tenant", "one word", "no address", "no domain", "no domain to remove", "no list"],
)
def test_a_wrong_argument_ends_with_a_sentence(run: object, args: list[str]) -> None:
    assert callable(run)
    result = run(*args)
    assert result.exit_code == 2
    assert result.output.endswith(".\n")
