import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param("RAW_HEADER", "Subject: Gr\udcfcsse\n\nx", id="raw_header: German"),
        pytest.param(
            "RAW_HEADER", "From: Caf\udce9 <a@b.example>\nSubject: x\n\nx", id="raw_header: English"
        ),
    ],
)
def test_a_raw_header_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param("RAW_HEADER", "Subject: Grüsse\n\nx", id="raw_header: UTF-8"),
        pytest.param(
            "RAW_HEADER", "Subject: =?iso-8859-1?q?Gr=FCsse?=\n\nx", id="raw_header: encoded"
        ),
        pytest.param("RAW_HEADER", "Subject: x\n\nGr\udcfcsse", id="raw_header: in the text"),
    ],
)
def test_what_only_resembles_a_raw_header_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
