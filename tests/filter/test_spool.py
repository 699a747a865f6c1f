import os
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from filter.spool import CHUNK, SMALL, Canonical, Spool

LINE_END = b"\r\n"
# Pieces that meet the hard places far more often than chance would.
PIECES = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"..", b"a", b"\0", b"\xff", b"\r\n.", b"\n."]),
    max_size=40,
).map(b"".join)


def reference(data: bytes) -> tuple[bytes, bool]:
    """Return what canonical bytes are, said as plainly as possible."""
    lines = (LINE_END + data).replace(b"\r\n.", LINE_END)[2:]
    bare = re.search(rb"(?<!\r)\n|\r(?!\n)", lines) is not None
    return re.sub(rb"\r\n|\r|\n", LINE_END, lines), bare


def canonical(chunks: list[bytes]) -> tuple[bytes, bool]:
    filtered = Canonical()
    whole = b"".join([*map(filtered.feed, chunks), filtered.end()])
    return whole, filtered.bare


@given(data=PIECES, cuts=st.lists(st.integers(0, 90), max_size=8))
@example(data=b"", cuts=[])
@example(data=b".\r\n", cuts=[1, 2, 3])
@example(data=b"a\r\r\n..\r\n", cuts=[1, 2, 3, 4, 5, 6])
def test_the_same_mail_comes_out_however_it_is_cut(data: bytes, cuts: list[int]) -> None:
    # As the session feeds it: from the line end of the command to the one before the dot.
    wire = LINE_END + data + LINE_END * (data != b"" and not data.endswith(LINE_END))
    edges = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
    chunks = [wire[start:end] for start, end in pairwise(edges)]
    assert canonical(chunks) == reference(wire[2:])


@pytest.mark.parametrize(
    ("data", "mail", "bare"),
    [
        (b"", b"", False),
        (b"\r\n", b"\r\n", False),
        (b"..\r\n", b".\r\n", False),
        (b".a\r\n...b\r\n", b"a\r\n..b\r\n", False),
        (b"a\nb\r\n", b"a\r\nb\r\n", True),
        (b"a\rb\r\n", b"a\r\nb\r\n", True),
        (b"a\r\r\n", b"a\r\n\r\n", True),
        (b"a\n.\nb\r\n", b"a\r\n.\r\nb\r\n", True),
        (b"a\0\xff\r\n", b"a\0\xff\r\n", False),
    ],
    ids=[
        "empty mail",
        "empty line",
        "dot",
        "leading dots",
        "bare LF",
        "bare CR",
        "CR before CRLF",
        "dot between bare LF",
        "NUL and 8 bit",
    ],
)
def test_canonical_bytes_have_no_stuffing_and_no_bare_line_ends(
    data: bytes, mail: bytes, bare: bool
) -> None:
    assert canonical([LINE_END + data]) == (mail, bare)


@given(PIECES)
def test_canonical_bytes_are_never_changed_again(data: bytes) -> None:
    mail, _ = canonical([LINE_END + data + LINE_END])
    stuffed = (LINE_END + mail).replace(b"\r\n.", b"\r\n..")
    assert canonical([stuffed]) == (mail, False)


def test_a_spool_gives_back_what_was_written_as_often_as_asked() -> None:
    content = os.urandom(CHUNK + 1)
    with Spool(None) as spool:
        for start in range(0, len(content), 1000):
            spool.write(content[start : start + 1000])
        assert spool.size == len(content)
        for _ in range(2):
            assert b"".join(spool.chunks()) == content


def test_a_small_mail_is_bytes_and_a_larger_one_a_descriptor() -> None:
    with Spool(None) as spool:
        spool.write(b"small")
        assert spool.content() == b"small"
        spool.write(b"x" * SMALL)
        descriptor = spool.content()
        assert isinstance(descriptor, int)
        assert os.pread(descriptor, SMALL + 99, 0) == b"small" + b"x" * SMALL


def test_nothing_of_a_spool_stays(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.write(b"secret" * SMALL)
        spool.content()
        assert list(tmp_path.iterdir()) == []
    assert list(tmp_path.iterdir()) == []
