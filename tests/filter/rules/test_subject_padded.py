import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "SUBJECT_GAP", "Subject: Gewinn für Sie          qwxy\n\nx", id="subject_gap: German"
        ),
        pytest.param(
            "SUBJECT_GAP", "Subject: Free trip       17734\n\nx", id="subject_gap: English"
        ),
        pytest.param(
            "SUBJECT_CODE", "Subject: Ihr Gewinn wartet 8k3jx9d\n\nx", id="subject_code: German"
        ),
        pytest.param(
            "SUBJECT_CODE", "Subject: Lose weight fast [4g7zq1w]\n\nx", id="subject_code: English"
        ),
    ],
)
def test_a_padded_subject_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param("SUBJECT_GAP", "Subject: Free trip  17734\n\nx", id="subject_gap: ordinary"),
        pytest.param(
            "SUBJECT_CODE",
            "Subject: Ihre Rechnung 4711234\n\nx",
            id="subject_code: number of an invoice",
        ),
        pytest.param(
            "SUBJECT_CODE", "Subject: Your ticket ABC-1234\n\nx", id="subject_code: ticket"
        ),
    ],
)
def test_what_only_resembles_a_padded_subject_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
