import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "FORGED_FREEMAIL",
            (
                "Received: from pc ([203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "From: Hans <hans@gmx.ch>\n"
                "Subject: Hoi\n"
                "\n"
                "x"
            ),
            id="forged_freemail: German",
        ),
        pytest.param(
            "FORGED_FREEMAIL",
            (
                "Received: from yahoo.com (evil.example [203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "From: Bob <bob@gmail.com>\n"
                "\n"
                "x"
            ),
            id="forged_freemail: English",
        ),
    ],
)
def test_a_freemail_author_from_elsewhere_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "FORGED_FREEMAIL",
            (
                "Received: from mout.gmx.net (mout.gmx.net [203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "From: Hans <hans@gmx.ch>\n"
                "\n"
                "x"
            ),
            id="forged_freemail: through it",
        ),
        pytest.param(
            "FORGED_FREEMAIL",
            (
                "Received: from pc ([203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "From: Hans <hans@firma.example>\n"
                "\n"
                "x"
            ),
            id="forged_freemail: no provider",
        ),
        pytest.param(
            "FORGED_FREEMAIL",
            (
                "Received: from pc ([203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "From: Hans <hans@gmx.ch>\n"
                "List-Post: <mailto:l@a.example>\n"
                "\n"
                "x"
            ),
            id="forged_freemail: list",
        ),
    ],
)
def test_what_only_resembles_a_freemail_author_from_elsewhere_is_fine(
    symbol: str, mail: str
) -> None:
    assert found(symbol, an_exam(mail)) == []
