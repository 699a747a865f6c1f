"""Each mail that crashes parsers goes the whole way, and comes out as it went in."""

import email
import re
from email.policy import default

import pytest

from mailstore.deliveries import State
from tests.corpus.crashing import CRASHING
from tests.corpus.way import Way, canonical, symbols

# A mail may be too much, which is said and logged; anything else that fails was not foreseen.
FORESEEN = ("RecursionError", "TooComplex: ")
_FAILED = re.compile(r"error='([^']*)'")


@pytest.mark.parametrize("name", CRASHING)
def test_a_mail_that_crashes_parsers_is_taken_shown_reported_and_delivered_as_it_came(
    way: Way, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    raw = canonical(CRASHING[name])
    assert way.take(CRASHING[name]).startswith("250 ")
    copy, held = way.newest()
    assert way.content(held.message) == raw
    assert "RULE_BROKEN" not in symbols(held)
    assert f'href="{held.id}"' in way.pages()["/quarantine/"]
    report = email.message_from_bytes(way.report(), policy=default)
    assert report["Subject"].endswith("in der Quarantäne")
    assert way.deliver() == [raw, raw]
    if copy.state is State.QUARANTINED:
        way.pages()
    said = capfd.readouterr()
    assert set(_FAILED.findall(said.out)) <= set(FORESEEN)
    assert "Traceback" not in said.out + said.err
