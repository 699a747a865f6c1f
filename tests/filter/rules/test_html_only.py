import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "HTML_ONLY",
            "Content-Type: text/html; charset=utf-8\nSubject: x\n\n<p>Grüezi</p>",
            id="html_only: German",
        ),
        pytest.param(
            "HTML_ONLY",
            "Content-Type: text/html; charset=utf-8\nSubject: x\n\n<p>Hello</p>",
            id="html_only: English",
        ),
        pytest.param(
            "HTML_WHOLE_MAIL",
            "Content-Type: text/html; charset=utf-8\nSubject: x\n\n<p>Grüezi</p>",
            id="html_whole_mail: German",
        ),
        pytest.param(
            "HTML_WHOLE_MAIL",
            "Content-Type: text/html; charset=utf-8\nSubject: x\n\nHello",
            id="html_whole_mail: English",
        ),
        pytest.param(
            "HTML_BROKEN",
            "Content-Type: text/html; charset=utf-8\nSubject: x\n\n<p>Grüezi",
            id="html_broken: German",
        ),
        pytest.param(
            "HTML_BROKEN",
            "Content-Type: text/html; charset=utf-8\nSubject: x\n\n<html><body>Hello",
            id="html_broken: English",
        ),
    ],
)
def test_html_as_mass_mail_has_it_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "HTML_ONLY",
            (
                "Content-Type: multipart/alternative; boundary=b\n"
                "Subject: x\n"
                "\n"
                "--b\n"
                "Content-Type: text/plain\n"
                "\n"
                "Hallo\n"
                "--b\n"
                "Content-Type: text/html\n"
                "\n"
                "<html><body><p>Hallo</p></body></html>\n"
                "--b--\n"
            ),
            id="html_only: with text",
        ),
        pytest.param("HTML_ONLY", "Subject: x\n\n<p>Hallo", id="html_only: text"),
        pytest.param(
            "HTML_WHOLE_MAIL",
            (
                "Content-Type: multipart/alternative; boundary=b\n"
                "Subject: x\n"
                "\n"
                "--b\n"
                "Content-Type: text/plain\n"
                "\n"
                "Hallo\n"
                "--b\n"
                "Content-Type: text/html\n"
                "\n"
                "<html><body><p>Hallo</p></body></html>\n"
                "--b--\n"
            ),
            id="html_whole_mail: with text",
        ),
        pytest.param(
            "HTML_BROKEN",
            (
                "Content-Type: multipart/alternative; boundary=b\n"
                "Subject: x\n"
                "\n"
                "--b\n"
                "Content-Type: text/plain\n"
                "\n"
                "Hallo\n"
                "--b\n"
                "Content-Type: text/html\n"
                "\n"
                "<html><body><p>Hallo</p></body></html>\n"
                "--b--\n"
            ),
            id="html_broken: whole",
        ),
        pytest.param("HTML_BROKEN", "Subject: x\n\nHallo", id="html_broken: text"),
    ],
)
def test_what_only_resembles_html_as_mass_mail_has_it_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
