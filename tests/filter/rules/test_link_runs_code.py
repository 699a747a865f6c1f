import pytest

from tests.filter.exams import an_exam, found

SYMBOL = "LINK_RUNS_CODE"


def page(target: str, text: str) -> str:
    return f"Subject: x\nContent-Type: text/html\n\n<p><a href='{target}'>{text}</a></p>\n"


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("javascript:steal()", "Rechnung ansehen"),
        (" java\nscript:steal()", "View invoice"),
        ("data:text/html;base64,PHNjcmlwdD4=", "Document"),
        ("search-ms:query=x", "Dokument"),
        ("&#106;avascript:steal()", "Voice message"),
    ],
    ids=["German", "English", "page", "search", "entity"],
)
def test_a_link_that_runs_code_is_found(target: str, text: str) -> None:
    assert len(found(SYMBOL, an_exam(page(target, text)))) == 1


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("https://there.example/javascript:x", "Kurs für JavaScript"),
        ("javascript:void(0);", "Print"),
        ("mailto:a@there.example", "Write"),
        ("#top", "javascript:"),
    ],
    ids=["German course", "English nothing", "mail", "anchor"],
)
def test_links_that_lead_somewhere_pass(target: str, text: str) -> None:
    assert found(SYMBOL, an_exam(page(target, text))) == []
