"""Each mail that is made to cost much ends within the limit, and is held where that is too much."""

import time

import pytest

from mailstore.deliveries import State
from portal.content.reading import SECONDS
from tests.corpus.complicated import COMPLICATED
from tests.corpus.conftest import EXAMINE_SECONDS
from tests.corpus.way import Way, canonical, symbols
from tests.portal.mails import mail

# A machine that does other things as well must not fail a test that found nothing.
SPARE = 3.0


@pytest.mark.parametrize("name", COMPLICATED)
def test_a_complicated_mail_is_examined_in_time_or_held_and_shown_at_least_as_its_source(
    way: Way, name: str
) -> None:
    raw = canonical(COMPLICATED[name])
    begun = time.monotonic()
    assert way.take(raw).startswith("250 ")
    assert time.monotonic() - begun < EXAMINE_SECONDS + SPARE
    copy, held = way.newest()
    found = symbols(copy)
    assert "RULE_BROKEN" not in found
    if "UNEXAMINED" in found:
        assert (copy.state, copy.reason) == (State.QUARANTINED, "could not be examined")
    assert way.content(held.message) == raw
    assert way.deliver() == [raw, raw]
    begun = time.monotonic()
    pages = way.pages()
    assert time.monotonic() - begun < len(pages) * (SECONDS + SPARE)
    (source,) = [page for path, page in pages.items() if path.endswith("/source")]
    assert "From: " in source


def test_an_ordinary_mail_behind_them_is_not_delayed(way: Way) -> None:
    begun = time.monotonic()
    assert way.take(mail()).startswith("250 ")
    assert time.monotonic() - begun < EXAMINE_SECONDS
