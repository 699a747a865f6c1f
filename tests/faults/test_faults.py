"""Each command in a small size; the sizes that count are run by hand."""

import subprocess
from collections.abc import Callable

import pytest

from tests.faults import (
    crash_points,
    disk_full,
    frozen,
    kill,
    locked,
    outage,
    poison,
    redis_gone,
    restarts,
    slow_clients,
    sync_order,
)

pytestmark = pytest.mark.timeout(300)
Needs = Callable[[str], str]


def test_random_kills_lose_nothing_and_repeat_only_what_was_in_flight() -> None:
    assert kill.main(["--kills", "4", "--mails", "200"]) == 0


def test_random_kills_lose_nothing_on_postgresql(needs: Needs) -> None:
    needs("postgres")
    assert kill.main(["--kills", "2", "--mails", "100", "--database", "postgresql"]) == 0


def test_a_death_at_each_step_has_its_exact_outcome() -> None:
    assert crash_points.main([]) == 0


def test_nothing_is_promised_before_it_is_synced_and_a_failed_sync_ends_the_relay(
    needs: Needs,
) -> None:
    needs("strace")
    assert sync_order.main(["--mails", "10", "--failures", "3"]) == 0


def test_a_full_disk_stops_new_mail_and_nothing_else(needs: Needs) -> None:
    needs("unshare")
    if subprocess.run([*disk_full.NAMESPACE, "true"], check=False).returncode:  # noqa: S603 (a fixed command)
        pytest.skip("no namespaces here")
    assert disk_full.main([]) == 0


def test_a_lock_held_by_somebody_else_delays_and_loses_nothing() -> None:
    assert locked.main(["--scale", "20", "--read", "30"]) == 0


def test_a_worker_whose_lease_ran_out_sends_nothing_more() -> None:
    assert frozen.main(["--mails", "16"]) == 0


def test_an_outage_of_three_days_loses_and_repeats_nothing_and_keeps_the_order() -> None:
    assert outage.main(["--mails", "90", "--day", "2.5"]) == 0


def test_restarts_under_load_refuse_and_lose_nothing() -> None:
    assert restarts.main(["--restarts", "2", "--pause", "1", "--mails", "240"]) == 0


def test_odd_and_spinning_mails_do_not_touch_the_others() -> None:
    # Behind those that spin it would wait for twelve seconds; starting children takes some, too.
    assert poison.main(["--mails", "100", "--delay", "4"]) == 0


def test_slow_and_many_clients_do_not_keep_others_from_being_served() -> None:
    assert slow_clients.main(["--slow", "300", "--large", "4", "--mib", "8"]) == 0


def test_whatever_befalls_redis_mail_goes_on_and_is_woken_for_again(needs: Needs) -> None:
    needs("redis-server")
    assert redis_gone.main(["--hold", "0.5"]) == 0
