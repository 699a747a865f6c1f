import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "SALES_TALK",
            "Subject: x\n\nGeld verdienen, kostenlos testen, klicken Sie hier",
            id="sales_talk: German",
        ),
        pytest.param(
            "SALES_TALK",
            "Subject: x\n\nExtra income, risk free, click here",
            id="sales_talk: English",
        ),
        pytest.param(
            "SALES_TALK_DENSE",
            (
                "Subject: x\n"
                "\n"
                "Geld verdienen, kostenlos testen, klicken Sie hier, jetzt bestellen, s"
                "chuldenfrei"
            ),
            id="sales_talk_dense: German",
        ),
        pytest.param(
            "SALES_TALK_DENSE",
            "Subject: x\n\nExtra income, risk free, click here, act now, lose weight",
            id="sales_talk_dense: English",
        ),
        pytest.param(
            "SALES_PHRASES",
            (
                "Subject: x\n"
                "\n"
                "Reich werden, geld verdienen, nur heute, jetzt bestellen, letzte Chanc"
                "e, kostenlos testen, ohne Risiko, klicken Sie hier"
            ),
            id="sales_phrases: German",
        ),
        pytest.param(
            "SALES_PHRASES",
            (
                "Subject: x\n"
                "\n"
                "get rich, extra income, act now, order now, last chance, free trial, r"
                "isk free, click here"
            ),
            id="sales_phrases: English",
        ),
        pytest.param(
            "SUBJECT_SELLS", "Subject: Schnell reich werden\n\nx", id="subject_sells: German"
        ),
        pytest.param("SUBJECT_SELLS", "Subject: Lose weight now\n\nx", id="subject_sells: English"),
    ],
)
def test_talk_of_advertising_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "SALES_TALK", "Subject: x\n\nExtra income, click here", id="sales_talk: two kinds"
        ),
        pytest.param(
            "SALES_TALK_DENSE",
            "Subject: x\n\nExtra income, risk free, click here",
            id="sales_talk_dense: three kinds",
        ),
        pytest.param("SALES_PHRASES", "Subject: x\n\nclick here", id="sales_phrases: few"),
        pytest.param(
            "SUBJECT_SELLS",
            "Subject: Protokoll\n\nLose weight now",
            id="subject_sells: in the text",
        ),
    ],
)
def test_what_only_resembles_talk_of_advertising_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
