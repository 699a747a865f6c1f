import time

import pytest

from filter.views.wording import family, phrases_in, spoken, spoken_in_subject
from tests.filter.exams import an_exam

MEETING = family("test meeting", "sitzung am #|trafft euch*", "meeting on #|gross meeting*")
PRICE = family("test price", "nur $ #", "only # dollars", "prix d'ami", "perché no")


@pytest.mark.parametrize(
    ("text", "name", "phrase"),
    [
        ("Die SITZUNG am 23. November", MEETING, "sitzung am #"),
        ("A meeting, on 23rd", MEETING, "meeting on #"),
        ("Gross meetings", MEETING, "gross meetings"),
        ("Groß meeting", MEETING, "gross meeting"),
        ("nur €€ 1'250.50!", PRICE, "nur $ #"),
        ("Un prix d\u2019ami", PRICE, "prix d ami"),
        ("Perche\u0301 no?", PRICE, "perche no"),
    ],
    ids=["German", "English", "ending", "sharp s", "money", "apostrophe", "accent apart"],
)
def test_a_phrase_is_found_however_it_is_written(text: str, name: str, phrase: str) -> None:
    assert phrases_in(text)[name] == {phrase}


@pytest.mark.parametrize("text", ["", "meeting", "meeting on", "sitzung vom 23", "only dollars"])
def test_a_part_of_a_phrase_is_none(text: str) -> None:
    assert phrases_in(text).keys() & {MEETING, PRICE} == set()


def test_subject_and_text_are_both_looked_at_but_never_run_together() -> None:
    mail = an_exam("Subject: Die Sitzung\n\nam 3. Mai, nur $ 5\n").mail
    assert spoken(mail).keys() & {MEETING, PRICE} == {PRICE}
    assert MEETING not in spoken_in_subject(an_exam("Subject: x\n\nSitzung am 3.\n").mail)


@pytest.mark.parametrize(
    "text",
    ["meeting on " * 200_000, "a" * 2_000_000, "1.1," * 500_000, "é́" * 500_000, "$" * 2_000_000],
    ids=["phrases", "one word", "numbers", "accents", "money"],
)
def test_a_huge_text_takes_no_longer_than_its_beginning(text: str) -> None:
    mail = an_exam(f"Subject: x\n\n{text}\n").mail
    begun = time.process_time()
    spoken(mail)
    assert time.process_time() - begun < 1.0
