import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param("TO_MISSING", "Subject: Hallo\n\nx", id="to_missing: German"),
        pytest.param("TO_MISSING", "To:\nSubject: Hi\n\nx", id="to_missing: English empty"),
        pytest.param(
            "TO_HIDDEN", "To: unbekannte Empfänger:;\nSubject: x\n\nx", id="to_hidden: German"
        ),
        pytest.param("TO_HIDDEN", "To: undisclosed-recipients:;\n\nx", id="to_hidden: English"),
        pytest.param(
            "TO_HERD",
            (
                "To: keller1@a.example, kellerb@b.example, keller.c@c.example,\n"
                " keller9@d.example, kelm@e.example\n"
                "Subject: Hoi\n"
                "\n"
                "x"
            ),
            id="to_herd: German",
        ),
        pytest.param(
            "TO_HERD",
            (
                "To: bob1@a.example, bob2@b.example, bob3@c.example\n"
                "Cc: bobby@d.example, bob.x@e.example\n"
                "\n"
                "x"
            ),
            id="to_herd: English",
        ),
        pytest.param(
            "TO_IS_AUTHOR",
            "From: Anna <anna@a.example>\nTo: anna@a.example\nSubject: Hoi\n\nx",
            id="to_is_author: German",
        ),
        pytest.param(
            "TO_IS_AUTHOR",
            "From: <bob@a.example>\nTo: Bob <BOB@a.example>\n\nx",
            id="to_is_author: English capitals",
        ),
    ],
)
def test_recipients_as_spam_names_them_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param("TO_MISSING", "Cc: a@b.example\n\nx", id="to_missing: only Cc"),
        pytest.param("TO_HIDDEN", "To: a@b.example\n\nx", id="to_hidden: address"),
        pytest.param(
            "TO_HERD",
            (
                "To: anna@a.example, beat@a.example, carla@a.example, dora@a.example, e"
                "mil@a.example\n"
                "\n"
                "x"
            ),
            id="to_herd: a team",
        ),
        pytest.param(
            "TO_IS_AUTHOR",
            "From: l@a.example\nTo: l@a.example\nList-Post: <mailto:l@a.example>\n\nx",
            id="to_is_author: list",
        ),
        pytest.param(
            "TO_IS_AUTHOR", "From: a@a.example\nTo: b@a.example\n\nx", id="to_is_author: another"
        ),
    ],
)
def test_what_only_resembles_recipients_as_spam_names_them_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
