import os
from collections.abc import Callable, Sequence

import pytest

from bench import drain
from bench.fastsink import Arrivals, FastSink
from bench.installation import USER
from bench.postfix import Postfix

Needs = Callable[[str], str]
Capture = pytest.CaptureFixture[str]


def test_a_queue_goes_whole_and_in_order_with_redis_and_without(
    needs: Needs, capsys: Capture
) -> None:
    needs("redis-server")
    assert drain.main(["--mails", "50", "--repeats", "1"]) == 0
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()]
    assert {(name, *rest[-2:]) for name, *rest in rows} >= {
        ("ours", "0.0 %", "0"),
        ("ours, Redis", "0.0 %", "0"),
    }


def test_postfix_keeps_what_it_took_until_it_is_told(needs: Needs) -> None:
    needs("postfix")
    if os.geteuid():
        pytest.skip("only root starts Postfix")
    with FastSink() as sink, Postfix(sink.port) as it:
        it.take(20, 1024, [USER])
        kept = sink.count()
        it.hand_on()
        assert sink.wait(20, 30)
    assert kept == 0


def test_each_of_many_domains_gets_its_mail_at_a_next_hop_of_its_own(capsys: Capture) -> None:
    assert drain.main(["--domains", "20"]) == 0
    assert "20 domains" in capsys.readouterr().out


def test_mail_goes_beside_much_that_waits_for_a_dead_next_hop(capsys: Capture) -> None:
    assert drain.main(["--dead", "500", "--live", "20", "--size", "1024"]) == 0
    assert "20 mails beside 500" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("ids", "missing", "twice", "out_of_order"),
    [
        ((0, 1, 2, 3), 0, 0, 0.0),
        ((1, 0, 3, 2), 0, 0, 0.0),
        ((3, 0, 1, 2), 0, 0, 0.25),
        ((0, 1, 3), 1, 0, 0.0),
        ((0, 1, 2, 3, 3), 0, 1, 0.0),
        ((), 4, 0, 0.0),
    ],
    ids=["in order", "neighbours", "the last one first", "missing", "twice", "nothing"],
)
def test_what_is_missing_repeated_or_far_from_its_place_is_counted(
    ids: Sequence[int], missing: int, twice: int, out_of_order: float
) -> None:
    came = Arrivals(list(ids))
    assert came.missing(4) == missing
    assert came.twice == twice
    assert came.out_of_order(1) == out_of_order
