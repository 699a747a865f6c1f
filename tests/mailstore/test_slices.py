import hashlib
import random
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstore.errors import Corrupt
from mailstore.slices import FRAME, Sealed, seal, unseal

KEY, OTHER = b"k" * 32, b"o" * 32
DAY = date(2027, 3, 28)
MIB = 2**20


def noise(size: int) -> bytes:
    """Return bytes that do not compress, so that frames fill up."""
    return random.Random(size).randbytes(size)  # noqa: S311 (test data)


def cut(content: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def opened(sealed: Sealed, data: bytes | None = None, *, key: bytes = KEY) -> bytes:
    stored = sealed.slice.data if data is None else data
    return b"".join(unseal(key, cut(stored, 100_000), sealed.sha256))


def frames(data: bytes) -> list[bytes]:
    """Return version and salt, then each frame with its length word."""
    pieces, at = [data[:17]], 17
    while at < len(data):
        end = at + 4 + (int.from_bytes(data[at : at + 4]) >> 1)
        pieces.append(data[at:end])
        at = end
    return pieces


BIG = seal(KEY, DAY, [noise(3 * FRAME)])
SMALL = seal(KEY, DAY, [b"Subject: Plans\r\n\r\nShall we meet at noon?\r\n" * 3])


@given(content=st.binary(max_size=2000), chunk=st.integers(1, 700), stored=st.integers(1, 700))
def test_content_comes_back_however_it_is_cut(content: bytes, chunk: int, stored: int) -> None:
    sealed = seal(KEY, DAY, cut(content, chunk))
    back = unseal(KEY, cut(sealed.slice.data, stored), sealed.sha256)
    assert b"".join(back) == content
    assert (sealed.size, sealed.sha256) == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize(
    "size",
    [0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 5 * MIB],
    ids=["nothing", "a byte", "before the edge", "edge", "after the edge", "two", "five MiB"],
)
@pytest.mark.parametrize("make", [noise, bytes], ids=["noise", "zeros"])
def test_content_of_any_size_comes_back(make: Callable[[int], bytes], size: int) -> None:
    content = make(size)
    assert opened(seal(KEY, DAY, cut(content, 60_000))) == content


def test_no_frame_holds_more_than_is_promised() -> None:
    lengths = [len(frame) - 4 - 16 for frame in frames(BIG.slice.data)[1:]]
    assert max(lengths) == FRAME
    assert len(lengths) == 4


def test_chunks_stay_small_however_well_a_mail_compresses() -> None:
    sealed = seal(KEY, DAY, [bytes(32 * MIB)])
    assert max(map(len, unseal(KEY, [sealed.slice.data], sealed.sha256))) <= MIB


def test_the_same_content_never_looks_the_same() -> None:
    again = seal(KEY, DAY, [noise(3 * FRAME)])
    assert again.sha256 == BIG.sha256
    assert not set(frames(again.slice.data)[1:]) & set(frames(BIG.slice.data)[1:])


@pytest.mark.parametrize("bit", [0, 7], ids=["lowest", "highest"])
def test_any_flipped_bit_is_found(bit: int) -> None:
    for position in range(len(SMALL.slice.data)):
        broken = bytearray(SMALL.slice.data)
        broken[position] ^= 1 << bit
        with pytest.raises(Corrupt):
            opened(SMALL, bytes(broken))


@given(position=st.integers(0, len(BIG.slice.data) - 1), flip=st.integers(1, 255))
def test_any_flipped_byte_of_a_big_slice_is_found(position: int, flip: int) -> None:
    broken = bytearray(BIG.slice.data)
    broken[position] ^= flip
    with pytest.raises(Corrupt):
        opened(BIG, bytes(broken))


@pytest.mark.parametrize(
    "change",
    [
        lambda head, *rest: [head, *reversed(rest)],
        lambda head, one, two, *rest: [head, two, one, *rest],
        lambda head, one, two, *rest: [head, one, *rest],
        lambda head, one, *rest: [head, one, one, *rest],
        lambda head, *rest: [head, *rest[:-1]],
        lambda head, *rest: [head, rest[-1]],
        lambda head, *rest: [frames(SMALL.slice.data)[0], *rest],
        lambda head, *rest: [head, *frames(SMALL.slice.data)[1:]],
        lambda head, *rest: [head],
        lambda head, *rest: [],
    ],
    ids=[
        "reversed", "swapped", "dropped", "repeated", "without the last", "only the last",
        "under another salt", "of another slice", "no frame", "nothing",
    ],
)  # fmt: skip
def test_moved_and_missing_frames_are_found(change: Callable[..., list[bytes]]) -> None:
    with pytest.raises(Corrupt):
        opened(BIG, b"".join(change(*frames(BIG.slice.data))))


@pytest.mark.parametrize("sealed", [SMALL, BIG], ids=["small", "big"])
def test_a_truncated_slice_is_found(sealed: Sealed) -> None:
    whole = len(sealed.slice.data)
    for length in {0, 1, 16, 17, 20, 21, 37, whole // 2, whole - 17, whole - 1}:
        with pytest.raises(Corrupt):
            opened(sealed, sealed.slice.data[:length])


def test_an_endless_frame_is_refused_before_it_is_read() -> None:
    with pytest.raises(Corrupt, match="longer"):
        opened(SMALL, SMALL.slice.data[:17] + b"\xff" * 100)


def test_the_wrong_key_and_the_wrong_hash_are_found() -> None:
    with pytest.raises(Corrupt, match="key"):
        opened(SMALL, key=OTHER)
    with pytest.raises(Corrupt, match="hash"):
        list(unseal(KEY, [SMALL.slice.data], "0" * 64))
