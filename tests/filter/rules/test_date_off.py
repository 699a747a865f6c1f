import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "DATE_BROKEN", "Date: gestern Abend\nSubject: Hoi\n\nx", id="date_broken: German words"
        ),
        pytest.param(
            "DATE_BROKEN",
            "Date: Mon, 23 Nov 2026 09:00:00 -1600\nSubject: Hi\n\nx",
            id="date_broken: English zone",
        ),
        pytest.param(
            "DATE_OFF",
            (
                "Received: from a.example ([203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "Date: Fri, 27 Nov 2026 09:00:00 +0100\n"
                "Subject: Morgen\n"
                "\n"
                "x"
            ),
            id="date_off: German future",
        ),
        pytest.param(
            "DATE_OFF",
            (
                "Received: from a.example ([203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "Date: Fri, 2 Jan 1998 09:00:00 +0100\n"
                "Subject: Old\n"
                "\n"
                "x"
            ),
            id="date_off: English past",
        ),
    ],
)
def test_a_date_that_cannot_be_right_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "DATE_BROKEN",
            "Date: Mon, 23 Nov 2026 09:00:00 +0100 (CET)\n\nx",
            id="date_broken: ordinary",
        ),
        pytest.param("DATE_BROKEN", "Subject: x\n\nx", id="date_broken: none"),
        pytest.param(
            "DATE_OFF",
            (
                "Received: from a.example ([203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "Date: Mon, 23 Nov 2026 08:00:00 +0100\n"
                "\n"
                "x"
            ),
            id="date_off: an hour",
        ),
        pytest.param(
            "DATE_OFF", "Date: Fri, 2 Jan 1998 09:00:00 +0100\n\nx", id="date_off: no hop"
        ),
    ],
)
def test_what_only_resembles_a_date_that_cannot_be_right_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
