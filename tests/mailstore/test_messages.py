from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstore.messages import Message, new_public_id, without
from mailstore.packs import Place
from mailstore.store import Store
from tests.factories import a_held_delivery


@st.composite
def ranges(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, int]]]:
    """Return bytes and ranges in them that are sorted and do not overlap."""
    content = draw(st.binary(max_size=200))
    edges = sorted(draw(st.sets(st.integers(0, len(content)), max_size=10)))
    return content, list(zip(edges[::2], edges[1::2], strict=False))


def chunked(content: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def plainly(content: bytes, cuts: list[tuple[int, int]]) -> bytes:
    kept = (not any(start <= at < end for start, end in cuts) for at in range(len(content)))
    return bytes(byte for byte, keep in zip(content, kept, strict=True) if keep)


@given(ranges(), st.integers(1, 60))
def test_cuts_are_left_out_however_the_bytes_are_chunked(
    case: tuple[bytes, list[tuple[int, int]]], size: int
) -> None:
    content, cuts = case
    assert b"".join(without(chunked(content, size), cuts)) == plainly(content, cuts)


@given(ranges(), st.integers(1, 60))
def test_no_empty_chunk_is_given(case: tuple[bytes, list[tuple[int, int]]], size: int) -> None:
    content, cuts = case
    assert all(without(chunked(content, size), cuts))


def test_neighbouring_cuts_are_both_left_out() -> None:
    assert b"".join(without(iter([b"abcdef"]), [(1, 3), (3, 5)])) == b"af"


def test_a_public_id_is_never_the_same() -> None:
    assert len({new_public_id() for _ in range(1000)}) == 1000


def test_a_message_has_a_place_until_it_is_erased(store: Store) -> None:
    message = a_held_delivery(store).message
    assert message.pack is not None
    assert message.place == Place(message.pack, message.day, message.offset, message.length)
    message.pack = None
    assert message.place is None


@pytest.mark.parametrize(
    ("name", "author", "sender", "shown"),
    [
        ("Bob", "bob@there.example", "x@there.example", "Bob"),
        ("", "bob@there.example", "x@there.example", "bob@there.example"),
        ("", "", "x@there.example", "x@there.example"),
        ("", "", "", ""),
    ],
    ids=["name", "address", "envelope only", "nobody"],
)
def test_an_author_is_shown_by_the_best_that_is_known(
    name: str, author: str, sender: str, shown: str
) -> None:
    assert Message(author_name=name, author=author, sender=sender).author_shown == shown
