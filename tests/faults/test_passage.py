"""Mutated and signed mails in a small size, and that the checkers see what is wrong."""

import random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.faults import mutate, signed
from tests.faults.mutation import CHANGES, mutant, originals
from tests.faults.passage import Passed, canonical
from tests.faults.sender import DOT, Attempt, Letter
from tests.faults.signing import WAYS, SignedMail, Signer, wrong

if TYPE_CHECKING:
    from mailstore.deliveries import Delivery

RAW = b"From: a@b.example\r\nX-Mailhafen-Class: clean\r\nSubject: x\r\n\r\nx\r\n"
CUT = (19, 45)
SEED = "20261124"


@pytest.mark.timeout(300)
def test_mutated_mails_fail_nothing_and_come_out_as_they_went_in() -> None:
    assert mutate.main(["--mails", "200", "--seed", SEED]) == 0


@pytest.mark.timeout(300)
def test_signatures_still_hold_where_mails_come_out() -> None:
    assert signed.main(["--mails", "60", "--seed", SEED]) == 0


def test_a_mutant_follows_from_its_seed_and_number() -> None:
    mails = originals()
    first = [mutant(1, number, mails) for number in range(20)]
    assert first == [mutant(1, number, mails) for number in range(20)]
    assert first != [mutant(2, number, mails) for number in range(20)]
    assert all(mail.endswith(b"\r\n") for mail in first)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("mail", [b"", b"\r\n", RAW], ids=["empty", "one line end", "mail"])
def test_each_change_can_be_made_to_any_mail(change: Any, mail: bytes) -> None:
    for number in range(50):
        change(random.Random(number), mail.splitlines(keepends=True), RAW)  # noqa: S311 (repeatable)


@pytest.mark.parametrize(
    ("came", "tag", "complaints"),
    [
        (RAW[: CUT[0]] + RAW[CUT[1] :], "", 0),
        (RAW, "", 1),
        (RAW[: CUT[0]] + RAW[CUT[1] :].replace(b" x", b" [PUB] x", 1), "[PUB]", 0),
        (RAW[: CUT[0]] + RAW[CUT[1] :].replace(b" x", b" [PUB] x", 1), "", 1),
        (RAW[: CUT[0]] + RAW[CUT[1] :].replace(b" x", b" [PUB] y", 1), "[PUB]", 1),
        (None, "", 1),
    ],
    ids=["as it was", "not cut", "tagged", "tagged by nobody", "changed as well", "never"],
)
def test_other_bytes_than_were_sent_are_complained_of(
    came: bytes | None, tag: str, complaints: int
) -> None:
    assert RAW[slice(*CUT)] == b"X-Mailhafen-Class: clean\r\n"
    message = SimpleNamespace(sha256=Letter("1", (), RAW).sha256, cuts=[CUT])
    delivery = cast("Delivery", SimpleNamespace(message=message, tag=tag))
    letter = Letter("1", (), RAW)
    passed = Passed(letter, Attempt(letter, 0.0, DOT, 250), delivery, came)
    assert len(list(passed.broken())) == complaints


def test_bare_line_ends_become_whole_ones() -> None:
    assert canonical(b"a\nb\rc\r\nd\r\r\n\n") == b"a\r\nb\r\nc\r\nd\r\n\r\n\r\n"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: b"/".join(way).decode())
@pytest.mark.parametrize("subject", [True, False], ids=["over the Subject", "without it"])
def test_a_changed_subject_breaks_the_signatures_over_it_and_no_other(
    signer: Signer, way: tuple[bytes, bytes], subject: bool
) -> None:
    chance = random.Random(1)  # noqa: S311 (repeatable)
    content = signer.sign(RAW, chance, way, subject=subject)
    changed = content.replace(b"Subject: x", b"Subject: [PUB] x")
    assert set(signer.verifies(changed)) == {not subject}
    mail = SignedMail(content, newsletter=True, subject=subject)
    assert wrong(signer, [mail], [changed], [True]) == []
    assert len(wrong(signer, [mail], [changed + b"x\r\n"], [True])) == (not subject)
    assert len(wrong(signer, [mail], [content], [False])) >= 1


@pytest.fixture(scope="module")
def signer() -> Signer:
    """Return keys for all tests: making them takes longer than most."""
    return Signer()
