import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "text",
    [
        "Heisse Frauen warten: Sexkontakte in Ihrer Nähe",
        "Hot singles and live sex",
        "Rencontres coquines avec des femmes seules",
        "Incontri erotici con donne nude",
    ],
    ids=["German", "English", "French", "Italian"],
)
def test_adult_is_found_in_each_language_in_text_and_html(text: str) -> None:
    assert found("ADULT", an_exam(f"Subject: x\n\n{text}\n"))
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>" + text.replace(
        " ", "\n<b></b>"
    )
    assert found("ADULT", an_exam(html))


@pytest.mark.parametrize(
    "text",
    [
        "Die Sexualkunde der 5. Klasse fällt aus.",
        "An adult ticket costs 12 francs.",
        "Geschlecht: weiblich",
    ],
)
def test_ordinary_talk_near_adult_is_fine(text: str) -> None:
    assert found("ADULT", an_exam(f"Subject: x\n\n{text}\n")) == []
