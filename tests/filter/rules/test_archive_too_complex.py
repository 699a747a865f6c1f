import pytest

from filter.verdict import judge
from mailstore.envelopes import Action, Symbol
from tests.factories import BOB, a_recipient
from tests.filter.attached.packed import a_zip, with_file
from tests.filter.exams import an_exam, found

SYMBOL = "ARCHIVE_TOO_COMPLEX"
BOMB = a_zip({"null": bytes(20 * 2**20)})


@pytest.mark.parametrize("name", ["Rechnung.zip", "invoice.zip"], ids=["German", "English"])
def test_an_archive_that_unpacks_to_too_much_is_found(name: str) -> None:
    assert found(SYMBOL, an_exam(with_file(name, BOMB))) == [f"{name}: unpacks to too much"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("Brief.zip", a_zip({"Brief.txt": b"Guten Tag"})), ("minutes.txt", b"Hello")],
    ids=["German", "English"],
)
def test_ordinary_files_pass(name: str, content: bytes) -> None:
    assert found(SYMBOL, an_exam(with_file(name, content))) == []


def test_such_mail_is_held_even_from_an_allowed_author() -> None:
    anna = a_recipient(allowed=frozenset({BOB.key}))
    verdict = judge(anna, BOB, [Symbol(SYMBOL), Symbol("AUTHENTICATED")])
    assert verdict.action is Action.QUARANTINE
