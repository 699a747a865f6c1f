import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "FORGED_MAILER",
            "X-Mailer: Microsoft Outlook, Build 10.0.2616\nSubject: Hoi\n\nx",
            id="forged_mailer: German",
        ),
        pytest.param(
            "FORGED_MAILER",
            "X-Mailer: xqzrtplk 7\nSubject: Hi\n\nx",
            id="forged_mailer: English random",
        ),
        pytest.param(
            "FORGED_MAILER",
            ("X-Mailer: QUALCOMM Windows Eudora Version 5.1\nContent-Type: text/html\n\n<p>x"),
            id="forged_mailer: HTML alone",
        ),
        pytest.param(
            "PRIORITY_WITHOUT_MAILER",
            "X-Priority: 3\nSubject: Hoi\n\nx",
            id="priority_without_mailer: German",
        ),
        pytest.param(
            "PRIORITY_WITHOUT_MAILER",
            "X-MSMail-Priority: Normal\n\nx",
            id="priority_without_mailer: English",
        ),
        pytest.param(
            "URGENT_PRIORITY", "X-Priority: 1 (Höchste)\n\nx", id="urgent_priority: German"
        ),
        pytest.param("URGENT_PRIORITY", "Importance: High\n\nx", id="urgent_priority: English"),
    ],
)
def test_a_program_that_was_not_used_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "FORGED_MAILER",
            "X-Mailer: Microsoft Outlook 16.0\nThread-Index: Ad==\n\nx",
            id="forged_mailer: real Outlook",
        ),
        pytest.param(
            "FORGED_MAILER", "X-Mailer: Apple Mail (2.3774)\n\nx", id="forged_mailer: another"
        ),
        pytest.param(
            "PRIORITY_WITHOUT_MAILER",
            "X-Priority: 3\nX-Mailer: Foo 1.2\n\nx",
            id="priority_without_mailer: with",
        ),
        pytest.param(
            "URGENT_PRIORITY",
            "X-Priority: 3\nImportance: normal\n\nx",
            id="urgent_priority: normal",
        ),
    ],
)
def test_what_only_resembles_a_program_that_was_not_used_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
