import pytest

from tests.filter.tenant_exams import a_tenant_exam, found_for_tenant

SYMBOL = "OWN_DOMAIN_FORGED"


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("anna@muster.example", "Käthe Hug, Geschäftsleitung"),
        ("info@firma.ch", "The management"),
        ("x@news.firma.ch", ""),
    ],
    ids=["German", "English", "below a domain"],
)
def test_an_author_of_ours_that_nothing_proves_is_found(author: str, name: str) -> None:
    assert found_for_tenant(SYMBOL, a_tenant_exam(author, name)) == [author]


@pytest.mark.parametrize(
    ("author", "proofs", "outside"),
    [
        ("anna@muster.example", ("dmarc",), True),
        ("anna@muster.example", ("spf",), True),
        ("anna@muster.example", (), False),
        ("bob@there.example", (), True),
        ("bob@notfirma.ch", (), True),
        ("", (), True),
    ],
    ids=["proven", "proven by SPF", "from inside", "stranger", "similar", "no single author"],
)
def test_proven_and_inner_mail_and_strangers_are_not(
    author: str, proofs: tuple[str, ...], outside: bool
) -> None:
    exam = a_tenant_exam(author, proofs=proofs, outside=outside)
    assert found_for_tenant(SYMBOL, exam) == []
