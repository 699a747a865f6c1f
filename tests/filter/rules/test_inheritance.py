import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "text",
    [
        "Mein verstorbener Mann hinterliess 8 Millionen Dollar, streng vertraulich.",
        "My late husband, the head of state, left 25 million US dollars with a security company.",
        "Mon défunt mari a laissé des millions de dollars ; transférer les fonds.",
        "Il mio defunto marito ha lasciato milioni di euro, strettamente riservato.",
    ],
    ids=["German", "English", "French", "Italian"],
)
def test_inheritance_is_found_in_each_language_in_text_and_html(text: str) -> None:
    assert found("INHERITANCE", an_exam(f"Subject: x\n\n{text}\n"))
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>" + text.replace(
        " ", "\n<b></b>"
    )
    assert found("INHERITANCE", an_exam(html))


@pytest.mark.parametrize(
    "text",
    [
        "Vertraulich: Protokoll der Sitzung",
        "The beneficiary is named in the form.",
        "Le président a approuvé le budget.",
    ],
)
def test_ordinary_talk_near_inheritance_is_fine(text: str) -> None:
    assert found("INHERITANCE", an_exam(f"Subject: x\n\n{text}\n")) == []
