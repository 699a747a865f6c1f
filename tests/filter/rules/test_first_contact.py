import pytest

from filter.rule import load_rules
from tests.filter.tenant_exams import a_tenant_exam, found_for_tenant

SYMBOL = "FIRST_CONTACT"


@pytest.mark.parametrize("name", ["Käthe Hug", "Bob Miller"], ids=["German", "English"])
def test_the_first_mail_of_an_author_is_noted(name: str) -> None:
    assert found_for_tenant(SYMBOL, a_tenant_exam("bob@there.example", name)) == [
        "bob@there.example"
    ]


@pytest.mark.parametrize(
    ("author", "outside", "known"),
    [
        ("bob@there.example", True, True),
        ("bob@there.example", False, False),
        ("anna@muster.example", True, False),
        ("", True, False),
    ],
    ids=["known", "from inside", "one of ours", "no single author"],
)
def test_others_are_not(author: str, outside: bool, known: bool) -> None:
    exam = a_tenant_exam(author, outside=outside, known_author=known)
    assert found_for_tenant(SYMBOL, exam) == []


def test_it_only_informs() -> None:
    rule = load_rules()[SYMBOL]
    assert not rule.speaks_against
