from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from mailstore import policies
from mailstore.policycommands import UNNOTICED, policy
from mailstore.store import Store
from tests.factories import ANNA, a_mailbox, as_environment

# What is asked of rows is asked by the tests of what the commands call.
DATABASES = ["sqlite"]
Run = Callable[..., Result]
TENANT, DOMAIN = "muster.example", "muster.example"
LITERAL = "{{7*7}} {% raw %} {x} %(x)s"


@pytest.fixture
def run(store: Store) -> Run:
    with store.write() as db:
        a_mailbox(db)

    def run(*args: str) -> Result:
        return CliRunner().invoke(policy, args, env=as_environment(store.settings))

    return run


def shown(run: Run, whom: str, name: str) -> list[str]:
    """Return what `show` says of a value: the value, then who says so."""
    lines = [each for each in run("show", whom).output.splitlines() if each.startswith(name)]
    return lines[0].split(maxsplit=2)[1:]


def number(store: Store, name: str) -> str:
    with store.read() as db:
        return str(policies.recommended(db, name).id)


def test_a_value_is_set_shown_with_its_origin_and_unset(run: Run) -> None:
    assert shown(run, ANNA, "quarantine_at") == ["5", "from the recommended policy"]
    assert run("set", DOMAIN, "quarantine_at=4,5", "rights.spam=see").exit_code == 0
    assert shown(run, ANNA, "quarantine_at") == ["4.5", f"set for the domain {DOMAIN}"]
    assert run("set", ANNA, "quarantine_at=6").exit_code == 0
    assert shown(run, ANNA, "quarantine_at") == ["6", f"set for the person {ANNA}"]
    assert run("unset", ANNA, "quarantine_at").output == "It holds from now on.\n"
    assert run("unset", ANNA, "quarantine_at").output == "Nothing of it was set there.\n"
    assert shown(run, ANNA, "rights.spam") == ["see", f"set for the domain {DOMAIN}"]


def test_a_policy_is_copied_changed_assigned_and_deleted(run: Run, store: Store) -> None:
    source = number(store, policies.STANDARD)
    assert run("set", f"policy:{source}", "report=no").exit_code == 2
    made = run("copy", source, TENANT, LITERAL).output.strip()
    assert run("set", f"policy:{made}", "newsletter_tag={{7*7}} {x}").exit_code == 0
    assert run("assign", DOMAIN, made).output == "It holds from now on.\n"
    assert f"{made}  {LITERAL}  own, used 1 times" in run("list", TENANT).output
    assert "{{7*7}} {x}" in run("show", ANNA).output
    assert f"from the policy {LITERAL}" in run("show", ANNA).output
    assert "is used by muster.example" in run("delete", made, TENANT).output
    assert run("assign", DOMAIN, "above").exit_code == 0
    assert run("rename", made, TENANT, "Plain").exit_code == 0
    assert run("unset", f"policy:{made}", "newsletter_tag").exit_code == 0
    assert run("delete", made, TENANT).exit_code == 0


def test_that_held_mail_goes_unnoticed_is_said(run: Run, store: Store) -> None:
    assert UNNOTICED not in run("show", ANNA).output
    assert UNNOTICED in run("assign", ANNA, number(store, policies.WITHOUT_REPORT)).output
    assert UNNOTICED in run("show", ANNA).output


@pytest.mark.parametrize(
    "args",
    [("set", ANNA, "quarantine_at=0"), ("set", ANNA, "quarantine_at"), ("set", ANNA, "id=1"),
     ("set", "nobody.example", "report=no"), ("assign", ANNA, "999"), ("assign", ANNA, "x"),
     ("assign", TENANT, "٣"), ("show", "policy:999"), ("copy", "999", TENANT, "x"),
     ("delete", "999", TENANT), ("unset", "policy:999", "report")],
    ids=" ".join,
)  # fmt: skip
def test_what_cannot_be_is_a_sentence(run: Run, args: tuple[str, ...]) -> None:
    result = run(*args)
    assert result.exit_code == 2
    assert result.output.endswith(".\n")
