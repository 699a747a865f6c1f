import pytest

from mailstore.charsets import one_line, without_disguise
from mailstore.mime import Mail


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Rechnung\u202efdp.exe", "Rechnungfdp.exe"),
        ("=?utf-8?q?pay=E2=80=AEpal?=", "paypal"),
        ("Pa\u200byPal", "PayPal"),
        ("Pay\u200dPal", "PayPal"),
        ("\u2066Bank\u2069", "Bank"),
        ("\ufeffBank\u00ad", "Bank"),
        ("Familie \U0001f468\u200d\U0001f469", "Familie \U0001f468\u200d\U0001f469"),
        ("\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",) * 2,
        ("Grüezi", "Grüezi"),
    ],
    ids=["right to left", "encoded", "no room", "joiner", "isolate", "marks", "emoji", "Persian",
         "German"],
)  # fmt: skip
def test_what_deceives_the_eye_is_left_out_of_what_is_shown(value: str, shown: str) -> None:
    assert one_line(value) == shown
    assert without_disguise(shown) == shown


def test_names_of_authors_and_files_are_shown_without_disguise() -> None:
    kept = "Content-Disposition: attachment; filename=a\u202e.exe"
    mail = Mail(f"From: \u202ePaul <a@b.ch>\r\n{kept}\r\n\r\nx".encode())
    assert mail.authors[0][0] == "Paul"
    assert mail.parts[0].name == "a.exe"


def test_a_page_shows_the_dangerous_name_of_a_file() -> None:
    head = b'Content-Disposition: attachment; filename="a.txt"; filename="b.exe"\r\n\r\nx'
    assert Mail(head).parts[0].name == "b.exe"
