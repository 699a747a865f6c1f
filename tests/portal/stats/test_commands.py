from click.testing import CliRunner, Result

from mailstore.mailboxes import Mailbox
from mailstore.settings import Settings
from mailstore.store import Store
from portal.stats.cli import statistics
from tests.factories import as_environment
from tests.portal.stats.reported import OUTSIDE, busy, queued


def run(settings: Settings, *args: str) -> Result:
    return CliRunner().invoke(statistics, list(args), env=as_environment(settings))


def test_an_operator_adds_lists_sends_and_removes_a_report(store: Store, anna: Mailbox) -> None:
    tenant, settings = "muster.example", store.settings
    added = run(settings, "add", tenant, OUTSIDE, "--period", "daily", "--domain", tenant)
    assert added.output.startswith(f"Report 1 comes to {OUTSIDE}, next ")
    assert f"1 statistics daily 07:00 {OUTSIDE} numbers" in run(settings, "list", tenant).output
    assert run(settings, "send", "1").exit_code == 0
    assert [each.recipient for each in queued(store)] == [OUTSIDE]
    assert run(settings, "remove", "1").exit_code == 0
    assert run(settings, "list", tenant).output == ""


def test_an_operator_sees_figures(store: Store, anna: Mailbox) -> None:
    busy(store, anna)
    shown = run(store.settings, "show", "muster.example", "--days", "2").output.splitlines()
    assert shown[0].startswith("Day,Ordinary mail,")
    assert shown[-1].startswith("In all,1,0,0,1,0,0,0,1,0,")


def test_what_is_not_there_is_said_in_a_sentence(store: Store, anna: Mailbox) -> None:
    for args in (("send", "7"), ("list", "Nobody"), ("show", "muster.example", "--domain", "x.y"),
                 ("add", "muster.example", "none")):  # fmt: skip
        result = run(store.settings, *args)
        assert (result.exit_code, len(result.output.splitlines())) == (2, 1)
