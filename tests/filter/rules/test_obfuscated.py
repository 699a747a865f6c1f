import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "OBFUSCATED_WORDS", "Subject: Fr33 Geld\n\nm0ney", id="obfuscated_words: German"
        ),
        pytest.param(
            "OBFUSCATED_WORDS", "Subject: x\n\nBuy v1agra here", id="obfuscated_words: English"
        ),
        pytest.param(
            "SPACED_WORDS", "Subject: G R A T I S fuer Sie\n\nx", id="spaced_words: German"
        ),
        pytest.param(
            "SPACED_WORDS", "Subject: Get V.I.A.G.R.A today\n\nx", id="spaced_words: English"
        ),
        pytest.param(
            "RANDOM_TAIL", "Subject: x\n\nBis bald\n\nqwrtzpsdfg\n", id="random_tail: German"
        ),
        pytest.param(
            "RANDOM_TAIL", "Subject: x\n\nOrder now\n\n8734hjkqw99x\n", id="random_tail: English"
        ),
    ],
)
def test_disguised_words_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "OBFUSCATED_WORDS", "Subject: x\n\nBuy free money", id="obfuscated_words: plain"
        ),
        pytest.param(
            "SPACED_WORDS", "Subject: Vertrag mit A. B. Keller\n\nx", id="spaced_words: initials"
        ),
        pytest.param("RANDOM_TAIL", "Subject: x\n\nGruss\nAnneliese\n", id="random_tail: a name"),
        pytest.param("RANDOM_TAIL", "Subject: x\n\nTel. 0441234567", id="random_tail: a number"),
    ],
)
def test_what_only_resembles_disguised_words_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
