import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "PICTURE_INSTEAD_OF_TEXT",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                '<img src="http://x.example/angebot.gif">'
            ),
            id="picture_instead_of_text: German",
        ),
        pytest.param(
            "PICTURE_INSTEAD_OF_TEXT",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                "<a href=x><img src=https://x.example/o.gif></a>Offer"
            ),
            id="picture_instead_of_text: English",
        ),
        pytest.param(
            "WEB_BUG",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                'Hallo<img src="http://x.example/z?id=1" width=1 height=1>'
            ),
            id="web_bug: German",
        ),
        pytest.param(
            "WEB_BUG",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                'Hi<img src="http://x.example/z" style="width:0px">'
            ),
            id="web_bug: English",
        ),
    ],
)
def test_pictures_instead_of_text_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "PICTURE_INSTEAD_OF_TEXT",
            ('Content-Type: text/html; charset=utf-8\nSubject: x\n\n<img src="cid:logo">Hallo'),
            id="picture_instead_of_text: logo inside",
        ),
        pytest.param(
            "PICTURE_INSTEAD_OF_TEXT",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                '<img src="http://x.example/a.gif">Ein langer Brief an alle, die es les'
                "en wollen. Ein langer Brief an alle, die es lesen wollen. Ein langer B"
                "rief an alle, die es lesen wollen. Ein langer Brief an alle, die es le"
                "sen wollen. Ein langer Brief an alle, die es lesen wollen. Ein langer "
                "Brief an alle, die es lesen wollen. Ein langer Brief an alle, die es l"
                "esen wollen. Ein langer Brief an alle, die es lesen wollen. "
            ),
            id="picture_instead_of_text: much text",
        ),
        pytest.param(
            "WEB_BUG",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                '<img src="http://x.example/z.jpg" width=100 height=120>'
            ),
            id="web_bug: a picture",
        ),
        pytest.param(
            "WEB_BUG",
            (
                "List-Unsubscribe: <https://x.example>\n"
                "Content-Type: text/html; charset=utf-8\n"
                "Subject: x\n"
                "\n"
                '<img src="http://x.example/z" width=1>'
            ),
            id="web_bug: newsletter",
        ),
    ],
)
def test_what_only_resembles_pictures_instead_of_text_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
