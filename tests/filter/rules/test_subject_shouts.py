import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "SUBJECT_SHOUTS", "Subject: JETZT NOCH GÜNSTIG KAUFEN\n\nx", id="subject_shouts: German"
        ),
        pytest.param(
            "SUBJECT_SHOUTS",
            "Subject: GET MORE CUSTOMERS NOW\n\nx",
            id="subject_shouts: English",
        ),
        pytest.param(
            "SUBJECT_CATCHES_THE_EYE",
            "Subject: Nur heute!\n\nx",
            id="subject_catches_the_eye: German",
        ),
        pytest.param(
            "SUBJECT_CATCHES_THE_EYE",
            "Subject: $$$ Cash for you\n\nx",
            id="subject_catches_the_eye: English",
        ),
    ],
)
def test_a_subject_that_shouts_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "SUBJECT_SHOUTS", "Subject: Protokoll der GV\n\nx", id="subject_shouts: ordinary"
        ),
        pytest.param(
            "SUBJECT_SHOUTS", "Subject: OFFERTE HAUS B\n\nx", id="subject_shouts: three words"
        ),
        pytest.param(
            "SUBJECT_CATCHES_THE_EYE",
            "Subject: Morgen um neun?\n\nx",
            id="subject_catches_the_eye: a question",
        ),
        pytest.param(
            "SUBJECT_CATCHES_THE_EYE",
            "Subject: Re: Offerte 4711\n\nx",
            id="subject_catches_the_eye: plain",
        ),
    ],
)
def test_what_only_resembles_a_subject_that_shouts_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
