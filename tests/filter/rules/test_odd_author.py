import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "AUTHOR_WITHOUT_ADDRESS",
            "From: Ihre Bank\nSubject: x\n\nx",
            id="author_without_address: German",
        ),
        pytest.param(
            "AUTHOR_WITHOUT_ADDRESS", "Subject: Hi\n\nx", id="author_without_address: English none"
        ),
        pytest.param(
            "AUTHOR_NAMELESS",
            "From: verkauf@b.example\nSubject: Angebot\n\nx",
            id="author_nameless: German",
        ),
        pytest.param(
            "AUTHOR_NAMELESS",
            "From: <sales@b.example>\n\nx",
            id="author_nameless: English brackets",
        ),
        pytest.param(
            "AUTHOR_DIGITS",
            "From: Hans <hans48213@b.example>\nSubject: Hoi\n\nx",
            id="author_digits: German",
        ),
        pytest.param(
            "AUTHOR_DIGITS",
            ('From: "Suz" <suz0123893616943@b.example>\n\nx'),
            id="author_digits: English",
        ),
        pytest.param(
            "AUTHOR_SELLS",
            "From: GROSSER GEWINN! <a@b.example>\nSubject: x\n\nx",
            id="author_sells: German",
        ),
        pytest.param(
            "AUTHOR_SELLS", "From: Save $$$ now <a@b.example>\n\nx", id="author_sells: English"
        ),
    ],
)
def test_an_author_nobody_would_be_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "AUTHOR_WITHOUT_ADDRESS",
            "From: Anna <a@b.example>\n\nx",
            id="author_without_address: ordinary",
        ),
        pytest.param(
            "AUTHOR_NAMELESS",
            "From: Anna Keller <a@b.example>\n\nx",
            id="author_nameless: with a name",
        ),
        pytest.param(
            "AUTHOR_NAMELESS", "From: a@b.example (Anna)\n\nx", id="author_nameless: name behind"
        ),
        pytest.param(
            "AUTHOR_DIGITS",
            "From: Anna <anna87@b.example>\n\nx",
            id="author_digits: a year of birth",
        ),
        pytest.param(
            "AUTHOR_DIGITS", "From: <0041441234567@b.example>\n\nx", id="author_digits: a telephone"
        ),
        pytest.param("AUTHOR_SELLS", "From: SBB <a@b.example>\n\nx", id="author_sells: an acronym"),
    ],
)
def test_what_only_resembles_an_author_nobody_would_be_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
