import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstore.mime import head_of, header_fields

names = st.text(st.sampled_from("ABCxyz-"), min_size=1, max_size=12).map(str.encode)
values = st.binary(max_size=20).map(lambda value: value.replace(b"\r", b"").replace(b"\n", b""))
folds = st.lists(st.tuples(st.sampled_from([b" ", b"\t"]), values), max_size=3)


@st.composite
def heads(draw: st.DrawFn) -> list[tuple[bytes, bytes]]:
    """Return header fields: the name of each in lower case, and its lines."""
    fields = []
    for name in draw(st.lists(names, max_size=6)):
        lines = [name + b":" + draw(values)]
        lines += [space + value for space, value in draw(folds)]
        fields.append((name.lower(), b"\r\n".join(lines) + b"\r\n"))
    return fields


@given(heads(), st.binary(max_size=30))
def test_the_ranges_of_fields_rebuild_the_head(
    fields: list[tuple[bytes, bytes]], body: bytes
) -> None:
    raw = b"".join(lines for _, lines in fields) + b"\r\n" + body
    head = head_of(raw)
    found = list(header_fields(head))
    assert [(name, head[start:end]) for start, end, name in found] == fields
    assert b"".join(head[start:end] for start, end, _ in found) == head


@given(st.lists(st.sampled_from([b"A", b":", b" ", b"\t", b"\r\n", b"\r", b"\n", b"\xff"])))
def test_ranges_of_anything_are_in_order_and_within_the_head(pieces: list[bytes]) -> None:
    head = head_of(b"".join(pieces))
    last = 0
    for start, end, name in header_fields(head):
        assert last <= start < end <= len(head)
        assert name
        last = end


@pytest.mark.parametrize(
    ("head", "fields"),
    [
        (b"X-Ours : a\r\n", [b"x-ours"]),
        (b" X-Ours: a\r\n", [b"x-ours"]),
        (b"A: b\r\n X-Ours: a\r\n", [b"a"]),
        (b"A: b\r\n\t\r\n X-Ours: a\r\n", [b"a"]),
        (b"no colon\r\nX-Ours: a\r\n", [b"no colon", b"x-ours"]),
        (b"A: b", [b"a"]),
        (b"", []),
    ],
    ids=["space before the colon", "folded from nothing", "folded", "an empty fold", "no colon",
         "no line end", "nothing"],
)  # fmt: skip
def test_fields_are_named_as_other_servers_read_them(head: bytes, fields: list[bytes]) -> None:
    assert [name for _, _, name in header_fields(head)] == fields
