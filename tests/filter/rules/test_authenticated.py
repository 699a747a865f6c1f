import pytest

from filter.authentication import Authentication
from tests.filter.exams import an_exam, found

GERMAN = "From: Käthe Hug <kaethe@bergpost.example>\nSubject: Grüsse aus Chur\n\nBis bald!\n"
ENGLISH = "From: Bob <bob@news.there.example>\nSubject: Plans\n\nSee you at noon.\n"


@pytest.mark.parametrize(
    ("mail", "proofs", "details"),
    [
        (GERMAN, ("dmarc", "spf"), ["dmarc spf"]),
        (ENGLISH, ("dkim",), ["dkim"]),
        (ENGLISH, (), []),
    ],
    ids=["German", "English", "unproven"],
)
def test_a_proven_author_is_noted_with_what_proves_it(
    mail: str, proofs: tuple[str, ...], details: list[str]
) -> None:
    exam = an_exam(mail, authentication=Authentication("pass", proofs))
    assert found("AUTHENTICATED", exam) == details
