"""Nobody is shown another direction, another line or another size than there is."""

import email
import re
from email.message import EmailMessage
from email.policy import default

import pytest

from tests.corpus.deceiving import DECEIVING, TURNS
from tests.corpus.way import Way, canonical

LONGEST_SHOWN = 2000
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@pytest.mark.parametrize("name", DECEIVING)
def test_what_deceives_the_eye_is_neutral_in_lists_pages_and_reports(
    way: Way, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    raw = canonical(DECEIVING[name])
    assert way.take(raw).startswith("250 ")
    pages = {path: page for path, page in way.pages().items() if "/source" not in path}
    report = email.message_from_bytes(way.report(), policy=default)
    assert isinstance(report, EmailMessage)
    texts = [str(part.get_content()) for part in report.walk() if not part.is_multipart()]
    for page in (*pages.values(), *texts, capfd.readouterr().out):
        assert not TURNS & set(page)
        assert not CONTROLS.search(page.replace("\r\n", "\n"))
    assert not any("<script>alert" in page for page in pages.values())
    assert way.deliver() == [raw, raw]


@pytest.mark.parametrize("name", DECEIVING)
def test_what_a_row_keeps_is_one_line_of_bounded_length(way: Way, name: str) -> None:
    assert way.take(DECEIVING[name]).startswith("250 ")
    message = way.newest()[0].message
    for text in (message.author_name, message.subject, message.author, message.snippet):
        assert len(text) <= LONGEST_SHOWN
        assert "\n" not in text
        assert not CONTROLS.search(text)
    way.deliver()
