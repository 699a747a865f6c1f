from datetime import timedelta

import pytest
from time_machine import Traveller

from mailstore.mailboxes import Mailbox
from mailstore.reports import links, openings
from mailstore.reports.links import CODE_TRIES, FRESH_EVERY
from mailstore.reports.rows import Link, LinkKind, Report
from mailstore.store import Store
from portal.reports.sending import write_reports
from tests.factories import a_held_delivery
from tests.reporting import LINK_LIFE, Kept, draft_of, keep

pytestmark = pytest.mark.usefixtures("clock")

SECOND = timedelta(seconds=1)


@pytest.fixture
def report(store: Store, anna: Mailbox) -> Kept:
    a_held_delivery(store, anna)
    report = keep(store, anna)
    with store.write() as db:
        db.get_one(Report, report.report_id).code = "0042"
    return report


@pytest.fixture
def link(report: Kept) -> Link:
    return report.pages[LinkKind.QUARANTINE]


def fits(store: Store, report: Kept, code: str) -> bool:
    with store.write() as db:
        return links.code_fits(db, report.report_id, code)


def ended(store: Store, link: Link) -> bool | None:
    """Return whether a link has ended; None if it leads nowhere."""
    with store.read() as db:
        found = links.alive(db, link.id)
    return None if found is None else found[1]


@pytest.mark.parametrize("code", ["0042", " 0042\n"], ids=["plain", "pasted"])
def test_the_printed_code_fits(store: Store, report: Kept, code: str) -> None:
    assert fits(store, report, code)


@pytest.mark.parametrize("code", ["", "42", "0043", "00420", "٠٠٤٢"])
def test_another_code_does_not_fit(store: Store, report: Kept, code: str) -> None:
    assert not fits(store, report, code)


def test_after_six_wrong_codes_none_fits_any_more(store: Store, report: Kept) -> None:
    assert CODE_TRIES == 6
    for _ in range(CODE_TRIES):
        assert not fits(store, report, "9999")
    assert not fits(store, report, "0042")


def test_the_right_code_forgives_the_wrong_ones_before(store: Store, report: Kept) -> None:
    for _ in range(3):
        for _ in range(CODE_TRIES - 1):
            assert not fits(store, report, "9999")
        assert fits(store, report, "0042")


def test_a_code_has_four_digits(store: Store, anna: Mailbox) -> None:
    drafts = [draft_of(store, anna) for _ in range(50)]
    codes = [each.code for each in drafts if each]
    assert all(len(code) == 4 and code.isdecimal() for code in codes)
    assert len(set(codes)) > 25


def test_a_link_ends_after_its_life(store: Store, link: Link, clock: Traveller) -> None:
    clock.shift(LINK_LIFE - SECOND)
    assert ended(store, link) is False
    clock.shift(SECOND)
    assert ended(store, link) is True


def test_a_link_dies_with_its_mailbox(store: Store, link: Link, anna: Mailbox) -> None:
    with store.write() as db:
        db.get_one(Mailbox, anna.id).active = False
    assert ended(store, link) is None


def test_a_link_that_was_never_made_leads_nowhere(store: Store) -> None:
    with store.read() as db:
        assert links.alive(db, "guessed") is None


def test_openings_are_counted_and_end_nothing(store: Store, link: Link) -> None:
    for _ in range(3):
        with store.write() as db:
            openings.note(db, link, place="192.0.2.7", agent="Firefox", known=False)
    with store.read() as db:
        assert db.get_one(Link, link.id).opens == 3
    assert ended(store, link) is False


def test_a_report_that_is_asked_for_comes_once_an_hour(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    asked = []
    for _ in range(3):
        with store.write() as db:
            asked.append(links.ask_now(db, anna.id))
        write_reports(store)
        clock.shift(FRESH_EVERY / 2)
    assert asked == [True, False, True]
