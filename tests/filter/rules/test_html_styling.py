import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "HTML_HUGE_TYPE",
            ('Content-Type: text/html; charset=utf-8\nSubject: x\n\n<font size="+4">Gratis</font>'),
            id="html_huge_type: German",
        ),
        pytest.param(
            "HTML_HUGE_TYPE",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                '<p style="font-size: 36px">Free</p>'
            ),
            id="html_huge_type: English",
        ),
        pytest.param(
            "HTML_MANY_COLOURS",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                "<font color=red>Jetzt</font><font color=blue>gratis</font><font color="
                "#00ff00>da</font>"
            ),
            id="html_many_colours: German",
        ),
        pytest.param(
            "HTML_MANY_COLOURS",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                "<font color='red'>a</font><font color='blue'>b</font><font color='lime"
                "'>c</font>"
            ),
            id="html_many_colours: English",
        ),
        pytest.param(
            "HTML_COLOURED_PAGE",
            ("Content-Type: text/html; charset=utf-8\nSubject: x\n\n<body bgcolor=yellow>Gratis"),
            id="html_coloured_page: German",
        ),
        pytest.param(
            "HTML_COLOURED_PAGE",
            ('Content-Type: text/html; charset=utf-8\nSubject: x\n\n<body bgcolor="#000080">Free'),
            id="html_coloured_page: English",
        ),
        pytest.param(
            "HTML_CENTRED",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                "<center>Eins</center><center>zwei</center><center>drei</center>"
            ),
            id="html_centred: German",
        ),
        pytest.param(
            "HTML_CENTRED",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                "<p align=center>a<p align=center>b<p align=center>c"
            ),
            id="html_centred: English",
        ),
    ],
)
def test_html_like_a_poster_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "HTML_HUGE_TYPE",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                '<font size="2">Hallo</font><p style="font-size: 14px">x'
            ),
            id="html_huge_type: ordinary",
        ),
        pytest.param(
            "HTML_MANY_COLOURS",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                "<font color=red>a</font><font color=blue>b</font><font color=red>c</fo"
                "nt>"
            ),
            id="html_many_colours: two",
        ),
        pytest.param(
            "HTML_COLOURED_PAGE",
            ('Content-Type: text/html; charset=utf-8\nSubject: x\n\n<body bgcolor="#FFFFFF">Hallo'),
            id="html_coloured_page: white",
        ),
        pytest.param(
            "HTML_CENTRED",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                "<h1 align=center>Protokoll</h1><p>x"
            ),
            id="html_centred: a title",
        ),
    ],
)
def test_what_only_resembles_html_like_a_poster_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
