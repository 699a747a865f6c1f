import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "FALSE_REPLY", "Subject: AW: Ihre Anfrage\n\nKaufen Sie", id="false_reply: German"
        ),
        pytest.param("FALSE_REPLY", "Subject: Re: your account\n\nBuy", id="false_reply: English"),
    ],
)
def test_a_false_reply_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "FALSE_REPLY",
            "Subject: Re: x\nIn-Reply-To: <a@b.example>\n\nx",
            id="false_reply: refers",
        ),
        pytest.param(
            "FALSE_REPLY", "Subject: AW: x\n\nJa.\n> Kommst du?\n", id="false_reply: quotes"
        ),
        pytest.param("FALSE_REPLY", "Subject: Reglement: neu\n\nx", id="false_reply: no answer"),
    ],
)
def test_what_only_resembles_a_false_reply_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
