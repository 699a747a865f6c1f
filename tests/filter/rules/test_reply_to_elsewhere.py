import pytest

from tests.filter.tenant_exams import a_tenant_exam, found_for_tenant

SYMBOL = "REPLY_TO_ELSEWHERE"


@pytest.mark.parametrize(
    ("author", "reply_to"),
    [
        ("anna@muster.example", "geschaeftsleitung@bluewin.ch"),
        ("bob@there.example", "director@gmail.com"),
        ("bob@there.example", "info@firrna.ch"),
        ("bob@gmx.ch", "carl@gmail.com"),
    ],
    ids=["German", "English", "lookalike", "another provider"],
)
def test_an_answer_that_leaves_for_free_mail_or_a_lookalike_is_found(
    author: str, reply_to: str
) -> None:
    exam = a_tenant_exam(author, reply_to=["not an address", "x@there.example", reply_to])
    (detail,) = found_for_tenant(SYMBOL, exam)
    assert detail.endswith(f" is answered to {reply_to}")


@pytest.mark.parametrize(
    ("author", "reply_to"),
    [
        ("bob@there.example", "list@lists.example"),
        ("bob@gmail.com", "carl@gmail.com"),
        ("bob@gmx.ch", "bob@gmx.net"),
        ("bob@there.example", "anna@muster.example"),
        ("bob@firma.example", "sales@news.firma.example"),
        ("bob@there.example", "bob@hafenbank.ch"),
        ("", "carl@gmail.com"),
    ],
    ids=["a list", "same provider", "same name", "to us", "same firm", "partner", "no author"],
)
def test_other_answers_are_not(author: str, reply_to: str) -> None:
    assert found_for_tenant(SYMBOL, a_tenant_exam(author, reply_to=[reply_to])) == []


def test_what_a_trusted_peer_sends_is_not_from_outside() -> None:
    exam = a_tenant_exam("a@there.example", reply_to=["b@gmail.com"], outside=False)
    assert found_for_tenant(SYMBOL, exam) == []


def test_thousands_of_addresses_are_not_all_looked_at() -> None:
    exam = a_tenant_exam("a@there.example", reply_to=["x@there.example"] * 5000 + ["b@gmail.com"])
    assert found_for_tenant(SYMBOL, exam) == []
