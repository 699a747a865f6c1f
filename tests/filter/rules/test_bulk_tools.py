import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    "text",
    [
        "Neukunden gewinnen: 5 Millionen Adressen",
        "Bulk email to millions of people, fresh email addresses",
        "Des millions d'adresses pour augmenter vos ventes",
        "Milioni di indirizzi per aumentare le vendite",
    ],
    ids=["German", "English", "French", "Italian"],
)
def test_bulk_tools_is_found_in_each_language_in_text_and_html(text: str) -> None:
    assert found("BULK_TOOLS", an_exam(f"Subject: x\n\n{text}\n"))
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>" + text.replace(
        " ", "\n<b></b>"
    )
    assert found("BULK_TOOLS", an_exam(html))


@pytest.mark.parametrize(
    "text",
    [
        "Der Adressstamm wird morgen bereinigt.",
        "Please update the address of the branch.",
        "L'adresse a changé.",
    ],
)
def test_ordinary_talk_near_bulk_tools_is_fine(text: str) -> None:
    assert found("BULK_TOOLS", an_exam(f"Subject: x\n\n{text}\n")) == []
