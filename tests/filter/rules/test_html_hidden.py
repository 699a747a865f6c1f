import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "HTML_HIDDEN_TEXT",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                '<span style="font-size:0px">harmlose Worte</span>'
            ),
            id="html_hidden_text: German",
        ),
        pytest.param(
            "HTML_HIDDEN_TEXT",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                '<font color="#ffffff">harmless words</font>'
            ),
            id="html_hidden_text: English",
        ),
        pytest.param(
            "HTML_WORDS_CUT",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                "Kr<!-- a -->edit Gra<!-- b -->tis Ge<!-- c -->ld"
            ),
            id="html_words_cut: German",
        ),
        pytest.param(
            "HTML_WORDS_CUT",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                "Vi<xqzwpty>agra fr<zzkwqpt>ee mo<qwrtzpx>ney"
            ),
            id="html_words_cut: English",
        ),
    ],
)
def test_text_nobody_sees_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "HTML_HIDDEN_TEXT",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                '<td bgcolor="#000080"><font color="#ffffff">Menu</font>'
            ),
            id="html_hidden_text: white on blue",
        ),
        pytest.param(
            "HTML_HIDDEN_TEXT",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                '<span style="font-size:10px">x</span>'
            ),
            id="html_hidden_text: ordinary",
        ),
        pytest.param(
            "HTML_WORDS_CUT",
            "Content-Type: text/html; charset=utf-8\nSubject: x\n\na<!-- b -->c",
            id="html_words_cut: one comment",
        ),
    ],
)
def test_what_only_resembles_text_nobody_sees_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
