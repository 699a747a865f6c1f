"""The hash of a body, compared with that of a library that has the body whole."""

import hashlib
import tracemalloc

import pytest
from dkim.canonicalization import Relaxed
from hypothesis import example, given
from hypothesis import strategies as st

from filter.authentication.bodies import relaxed, relaxed_hash

LINES = st.lists(st.text(" \tab.", max_size=6), max_size=6)


@given(LINES, st.integers(1, 7))
@example(["a \t", "", " ", ""], 1)
@example(["  ", "b"], 2)
def test_a_body_hashes_alike_however_it_is_cut(lines: list[str], size: int) -> None:
    body = "".join(f"{line}\r\n" for line in lines).encode()
    cut = [body[at : at + size] for at in range(0, len(body), size)]
    assert relaxed_hash(cut) == hashlib.sha256(Relaxed.canonicalize_body(body)).digest()


@pytest.mark.parametrize("body", [b"", b"\r\n", b" \t\r\n\r\n"], ids=["none", "a line", "blanks"])
def test_nothing_is_hashed_of_a_body_without_words(body: bytes) -> None:
    assert b"".join(relaxed([body])) == b""


@pytest.mark.parametrize("end", [b"", b" ", b"\r\n", b" \r\n\r\n"])
def test_the_last_line_ends_as_it_does_on_the_wire(end: bytes) -> None:
    assert b"".join(relaxed([b"a", end])) == b"a\r\n"


def test_a_large_body_is_never_in_memory_whole() -> None:
    piece = b"QUJD" * 2**14
    tracemalloc.start()
    try:
        relaxed_hash(piece for _ in range(512))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * len(piece)
