import pytest

from filter.authentication import Authentication
from filter.rules.fits_its_author import CAN_BE_ENDED, FITS_ITS_AUTHOR
from tests.filter.exams import an_exam, found

CAME = "Received: from mx ({} [198.51.100.9]) by mx.here.example; Mon, 23 Nov 2026 09:00:00 +0100\n"
GERMAN = "From: Bäckerei Huber <post@huber.example>\n"
ENGLISH = "From: The Bakery <post@bakery.example>\n"
THEIRS = "Message-ID: <1@shop.huber.example>\n"


@pytest.mark.parametrize(
    ("head", "text", "fits"),
    [
        (CAME.format("mail.huber.example") + GERMAN + THEIRS, "Guten Tag", ["huber.example"]),
        (CAME.format("out.bakery.example") + ENGLISH, "See http://www.bakery.example/",
         ["bakery.example"]),
        (CAME.format("mail.huber.example") + GERMAN, "Guten Tag", []),
        (CAME.format("line.provider.example") + GERMAN + THEIRS, "Guten Tag", []),
        (GERMAN + THEIRS, "Guten Tag", []),
        (CAME.format("mail.huber.example") + GERMAN.replace("post", "x@a.example>, <post") + THEIRS,
         "Guten Tag", []),
    ],
    ids=["German by its number", "English by its links", "nothing of the author's",
         "another's server", "no way at all", "two authors"],
)  # fmt: skip
def test_mail_that_came_its_authors_way(head: str, text: str, fits: list[str]) -> None:
    assert found(FITS_ITS_AUTHOR, an_exam(f"{head}\n{text}\n")) == fits


@pytest.mark.parametrize(
    ("head", "text", "proofs", "ends"),
    [
        (GERMAN + THEIRS + "List-Unsubscribe: <mailto:weg@huber.example>\n", "Aktion", (), True),
        (ENGLISH + "List-Unsubscribe: <https://esp.example/u>\n", "Offer", ("dmarc",), True),
        (ENGLISH + "List-Unsubscribe: <https://esp.example/u>\n", "Offer", (), False),
        (GERMAN + THEIRS, "Aktion", ("dmarc",), False),
    ],
    ids=["German by its number", "English and proven", "of nobody", "no way to end it"],
)
def test_bulk_mail_that_can_be_ended(
    head: str, text: str, proofs: tuple[str, ...], *, ends: bool
) -> None:
    exam = an_exam(f"{head}\n{text}\n", authentication=Authentication(proofs=proofs))
    assert bool(found(CAN_BE_ENDED, exam)) is ends
