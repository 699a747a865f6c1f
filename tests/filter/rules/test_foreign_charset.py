import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "FOREIGN_CHARSET",
            ('Content-Type: text/html; charset="GB2312"\nSubject: x\n\nx'),
            id="foreign_charset: text",
        ),
        pytest.param(
            "FOREIGN_CHARSET",
            "Subject: =?ks_c_5601-1987?B?vsiz5w==?=\n\nx",
            id="foreign_charset: subject",
        ),
    ],
)
def test_a_foreign_script_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "FOREIGN_CHARSET",
            "Content-Type: text/plain; charset=iso-8859-1\nSubject: Grüezi\n\nx",
            id="foreign_charset: German",
        ),
        pytest.param(
            "FOREIGN_CHARSET",
            "Subject: About gb2312\nContent-Type: text/plain; charset=utf-8\n\nx",
            id="foreign_charset: English",
        ),
    ],
)
def test_what_only_resembles_a_foreign_script_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
