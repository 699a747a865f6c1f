import pytest

from tests.filter.attached.packed import with_file
from tests.filter.exams import an_exam, found

SYMBOLS = ["PAGE_ATTACHED", "ACTIVE_PAGE_ATTACHED", "PAGE_ASKS_PASSWORD"]


@pytest.mark.parametrize(
    ("name", "content", "symbol"),
    [
        ("Bericht.html", b"<p>Guten Tag</p>", 0),
        ("invoice.htm", b"<form action=x><input name=a></form>", 1),
        ("Rechnung.svg", b"<svg><script>x</script></svg>", 1),
        ("drawing.svg", b"<svg onload = 'x'/>", 1),
        ("scan.html", "<script>x</script>".encode("utf-16"), 1),
        ("Anmeldung.html", b"<form><INPUT type = 'password'></form>", 2),
        ("login.shtml", b"<input type=password>", 2),
    ],
    ids=["German page", "English form", "German drawing", "drawing that starts", "UTF-16",
         "German password", "English password"],
)  # fmt: skip
def test_an_attached_page_is_known_by_what_it_does(name: str, content: bytes, symbol: int) -> None:
    exam = an_exam(with_file(name, content))
    assert [bool(found(each, exam)) for each in SYMBOLS] == [n == symbol for n in range(3)]


@pytest.mark.parametrize(
    "mail",
    [
        with_file("Brief.txt", b"<form>"),
        with_file("minutes.pdf", b"%PDF <script>"),
        "Subject: x\nContent-Type: text/html\n\n<form><input type=password></form>\n",
    ],
    ids=["German text", "English PDF", "the body"],
)
def test_what_is_no_attached_page_passes(mail: str) -> None:
    assert [found(each, an_exam(mail)) for each in SYMBOLS] == [[], [], []]
