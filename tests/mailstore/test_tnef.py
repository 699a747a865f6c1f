import time

import pytest

from mailstore import tnef
from tests.tnef import BEGINS, DATA, TITLE, a_tnef, a_winmail

FILES = {"Offerte für Müller.pdf": b"%PDF", "b.txt": b"two"}


def read(content: bytes) -> list[tuple[str, bytes]]:
    return list(tnef.files(content, lambda: None))


def test_the_files_are_read_with_their_titles() -> None:
    assert read(a_winmail(FILES)) == list(FILES.items())


def test_a_title_may_follow_its_data() -> None:
    assert read(a_tnef((BEGINS, b""), (DATA, b"x"), (TITLE, b"a.txt\0"))) == [("a.txt", b"x")]


def test_a_stream_that_breaks_off_says_so() -> None:
    with pytest.raises(tnef.CutOff):
        read(a_winmail(FILES)[:-3])


def test_a_length_that_lies_is_a_stream_that_breaks_off() -> None:
    lying = a_tnef((DATA, b"x"))[:-7] + b"\xff\xff\xff\x7fx\0\0"
    with pytest.raises(tnef.CutOff):
        read(lying)


def test_whoever_counts_can_end_the_reading() -> None:
    left = [1, 2, 3]
    with pytest.raises(IndexError):
        list(tnef.files(a_tnef(*[(TITLE, b"")] * 100), left.pop))


def test_attributes_without_an_end_are_read_in_linear_time() -> None:
    begun = time.process_time()
    assert read(a_tnef(*[(TITLE, b"")] * 100_000)) == []
    assert time.process_time() - begun < 1
