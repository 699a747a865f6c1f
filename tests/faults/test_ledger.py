import dataclasses

import pytest

from bench.sink import Taken
from mailstore.deliveries import State
from mailstore.store import Store
from tests.faults.ledger import Book, Fault, Row
from tests.faults.sender import DOT, Attempt, Letter, Sender

USER = "user@rcpt.example"
LETTER = Letter("7", (USER,), b"X-Bench-Id: 7\r\n\r\nGuten Tag\r\n")
PROMISE = Attempt(LETTER, 0.0, DOT, 250, "2.6.0 Taken as ab12")
SILENCE = Attempt(LETTER, 0.0, DOT)
ROW = Row("ab12", LETTER.sha256, USER, State.DELIVERED)
COPY = Taken(LETTER.id, USER, LETTER.sha256, 10.0, b"", "ab12")
DEATH = Fault("SIGKILL worker", 10.2, delivering=True)


def refusal(code: int, text: str) -> Attempt:
    return Attempt(LETTER, 0.0, "MAIL", code, text)


@pytest.fixture
def book(store: Store) -> Book:
    """Return what a good run leaves: one mail, promised, stored and delivered."""
    sender = Sender(0, [LETTER])
    sender.attempts.append(PROMISE)
    found = Book([sender], [COPY], [], store)
    found.rows = [ROW]
    return found


def broken(book: Book) -> set[str]:
    """Return which invariants do not hold."""
    return {sentence.split()[0] for sentence in book.broken()}


def test_a_good_run_breaks_nothing(book: Book) -> None:
    assert book.broken() == []


def test_a_promised_mail_that_is_not_stored_is_told(book: Book) -> None:
    book.rows, book.taken = [], []
    assert broken(book) == {"I1"}


def test_a_promise_of_an_id_that_no_row_has_is_told(book: Book) -> None:
    book.rows = [dataclasses.replace(ROW, public_id="cd34")]
    book.taken = [dataclasses.replace(COPY, public_id="cd34")]
    assert broken(book) == {"I1"}


@pytest.mark.parametrize("state", [State.DELIVERED, State.FAILED, State.DELETED])
def test_a_mail_that_never_came_is_told_in_each_state_that_is_final(
    book: Book, state: State
) -> None:
    book.rows, book.taken = [dataclasses.replace(ROW, state=state)], []
    assert broken(book) == {"I1"}


def test_other_bytes_are_told(book: Book) -> None:
    book.taken = [dataclasses.replace(COPY, sha256="0" * 64)]
    assert broken(book) == {"I2"}


def test_a_second_copy_is_told_unless_a_worker_died_around_it(book: Book) -> None:
    book.taken = [COPY, dataclasses.replace(COPY, at=12.0)]
    assert broken(book) == {"I3"}
    book.faults = [DEATH]
    assert broken(book) == set()


def test_one_death_does_not_explain_two_more_copies(book: Book) -> None:
    book.taken = [dataclasses.replace(COPY, at=at) for at in (10.0, 10.5, 12.0)]
    book.faults = [DEATH]
    assert broken(book) == {"I3"}


def test_a_second_row_is_told_unless_a_dot_had_no_answer(book: Book) -> None:
    book.rows = [ROW, dataclasses.replace(ROW, public_id="cd34", state=State.QUARANTINED)]
    assert broken(book) == {"I4"}
    book.senders[0].attempts.append(SILENCE)
    assert broken(book) == set()


@pytest.mark.parametrize(
    "answer",
    [
        refusal(550, "5.7.1 Refused"),
        refusal(451, "4.3.0 OperationalError: disk I/O error"),
        refusal(451, "4.3.0 /var/lib/mailhafen is full"),
        refusal(451, "4.3.0 Traceback"),
        refusal(451, "4.3.0 INSERT failed"),
    ],
    ids=["a refusal", "a class", "a path", "a traceback", "SQL"],
)
def test_an_answer_that_should_not_have_been_given_is_told(book: Book, answer: Attempt) -> None:
    book.senders[0].attempts.append(answer)
    assert broken(book) == {"I5"}


def test_a_temporary_refusal_is_no_fault(book: Book) -> None:
    book.senders[0].attempts.append(refusal(451, "4.3.0 Temporary failure, please try again later"))
    assert broken(book) == set()


def test_spam_that_is_let_through_is_told(book: Book) -> None:
    book.senders[0].letters = [dataclasses.replace(LETTER, spam=True)]
    assert broken(book) == {"I1"}


def test_mail_that_waits_is_told(book: Book) -> None:
    book.rows, book.taken = [dataclasses.replace(ROW, state=State.QUEUED)], []
    assert broken(book) == {"I6"}
