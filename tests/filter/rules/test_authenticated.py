import pytest

from tests.filter.exams import an_exam, found

GERMAN = "From: Käthe Hug <kaethe@bergpost.example>\nSubject: Grüsse aus Chur\n\nBis bald!\n"
ENGLISH = "From: Bob <bob@news.there.example>\nSubject: Plans\n\nSee you at noon.\n"
TWO_AUTHORS = "From: bob@there.example, eve@evil.example\nSubject: Hi\n\nHi.\n"
NO_AUTHOR = "Subject: Hallo\n\nWer bin ich?\n"


@pytest.mark.parametrize(
    ("mail", "sender", "proven"),
    [
        (GERMAN, "kaethe@bergpost.example", "bergpost.example"),
        (GERMAN, "rueck+17@post.bergpost.example", "post.bergpost.example"),
        (ENGLISH, "bounce@there.example", "there.example"),
        (ENGLISH, "BOB@NEWS.There.Example", "news.there.example"),
    ],
    ids=["same domain", "sender below author", "author below sender", "upper case"],
)
def test_an_author_whose_domain_spf_proves_is_authenticated(
    mail: str, sender: str, proven: str
) -> None:
    exam = an_exam(mail, sender=sender, spf="pass")
    assert found("AUTHENTICATED", exam) == [proven]


@pytest.mark.parametrize(
    ("mail", "sender", "spf"),
    [
        (GERMAN, "kaethe@bergpost.example", "softfail"),
        (ENGLISH, "bob@news.there.example", "none"),
        (GERMAN, "kaethe@nachtbergpost.example", "pass"),
        (ENGLISH, "eve@evil.example", "pass"),
        (TWO_AUTHORS, "bob@there.example", "pass"),
        (NO_AUTHOR, "bob@there.example", "pass"),
        (GERMAN, "", "pass"),
    ],
    ids=[
        "softfail",
        "no record",
        "name only ends alike",
        "other domain",
        "two authors",
        "no author",
        "null sender",
    ],
)
def test_nothing_less_than_a_proven_single_author_is_authenticated(
    mail: str, sender: str, spf: str
) -> None:
    assert found("AUTHENTICATED", an_exam(mail, sender=sender, spf=spf)) == []
