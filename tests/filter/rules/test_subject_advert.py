import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "SUBJECT_ADVERT", "Subject: [Werbung] Neue Küche\n\nx", id="subject_advert: German"
        ),
        pytest.param(
            "SUBJECT_ADVERT", "Subject: ADV: Search engines\n\nx", id="subject_advert: English"
        ),
        pytest.param(
            "SUBJECT_ADVERT", "Subject: Publicité : cuisine\n\nx", id="subject_advert: French"
        ),
        pytest.param(
            "SUBJECT_ADVERT", "Subject: Pubblicità: cucina\n\nx", id="subject_advert: Italian"
        ),
        pytest.param(
            "SUBJECT_NAMES_ADDRESS",
            "To: keller@b.example\nSubject: keller, Ihr Gewinn\n\nx",
            id="subject_names_address: German",
        ),
        pytest.param(
            "SUBJECT_NAMES_ADDRESS",
            "To: bobby@b.example\nSubject: For bobby@b.example only\n\nx",
            id="subject_names_address: English",
        ),
    ],
)
def test_a_subject_that_advertises_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "SUBJECT_ADVERT",
            "Subject: Werbung für das Dorffest\n\nx",
            id="subject_advert: a campaign of ours",
        ),
        pytest.param(
            "SUBJECT_NAMES_ADDRESS",
            "To: keller@b.example\nSubject: Der Keller ist nass\n\nx",
            id="subject_names_address: another",
        ),
    ],
)
def test_what_only_resembles_a_subject_that_advertises_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
