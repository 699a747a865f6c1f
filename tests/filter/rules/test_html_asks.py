import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "HTML_FORM",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                "<form action=x>Passwort <input name=p></form>"
            ),
            id="html_form: German",
        ),
        pytest.param(
            "HTML_FORM",
            "Content-Type: text/html; charset=utf-8\nSubject: x\n\n<INPUT type=text>",
            id="html_form: English",
        ),
        pytest.param(
            "HTML_SCRIPT",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                "<script>alert('Hallo')</script>"
            ),
            id="html_script: German",
        ),
        pytest.param(
            "HTML_SCRIPT",
            ('Content-Type: text/html; charset=utf-8\nSubject: x\n\n<body onLoad="go()">Hi'),
            id="html_script: English",
        ),
        pytest.param(
            "HTML_FRAME",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                "<iframe src=x>Angebot</iframe>"
            ),
            id="html_frame: German",
        ),
        pytest.param(
            "HTML_FRAME",
            ("Content-Type: text/html; charset=utf-8\nSubject: x\n\n<OBJECT data=x></OBJECT>"),
            id="html_frame: English",
        ),
    ],
)
def test_html_that_asks_or_runs_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param("HTML_FORM", "Subject: x\n\nThe <form> tag", id="html_form: talk"),
        pytest.param(
            "HTML_SCRIPT",
            ("Content-Type: text/html; charset=utf-8\nSubject: x\n\n<p>Script der Vorlesung</p>"),
            id="html_script: plain",
        ),
        pytest.param(
            "HTML_FRAME",
            "Content-Type: text/html; charset=utf-8\nSubject: x\n\n<p>Rahmen</p>",
            id="html_frame: plain",
        ),
    ],
)
def test_what_only_resembles_html_that_asks_or_runs_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
