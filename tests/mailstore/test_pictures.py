import struct

import pytest

from mailstore.errors import BadName
from mailstore.pictures import JPEG, LARGEST_BYTES, PNG, read
from tests.pictures import a_jpeg, a_png, part

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@pytest.mark.parametrize(
    ("content", "kind", "size"),
    [
        (a_png(), PNG, (4, 2)),
        (a_png(1200, 400), PNG, (1200, 400)),
        (a_png(more=part(b"tEXt", b"Comment\x00ours")), PNG, (4, 2)),
        (a_jpeg(300, 60), JPEG, (300, 60)),
        (a_jpeg(components=3, frame=0xC2), JPEG, (4, 2)),
    ],
    ids=["png", "largest", "with a comment", "jpeg", "progressive"],
)
def test_a_logo_is_measured(content: bytes, kind: str, size: tuple[int, int]) -> None:
    found = read(content)
    assert (found.kind, found.width, found.height, found.content) == (kind, *size, content)


WRONG = {
    "nothing": b"",
    "svg": SVG,
    "gif": b"GIF89a\x01\x00\x01\x00\x80\x00\x00",
    "png only in name": b"\x89PNG\r\n\x1a\n",
    "cut off": a_png()[:-5],
    "broken sum": a_png()[:40] + b"\xff" + a_png()[41:],
    "page after its end": a_png() + SVG,
    "unknown part": a_png(more=part(b"EVIL", b"x")),
    "two headers": a_png(more=a_png()[8:33]),
    "no pixels": a_png()[:33] + part(b"IEND", b""),
    "depth that is none": a_png()[:8] + part(b"IHDR", struct.pack(">IIBBBBB", 4, 2, 3, 2, 0, 0, 0))
    + a_png()[33:],
    "huge length": b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR" + b"x" * 50,
    "too wide": a_png(1201, 1),
    "too high": a_png(1, 401),
    "no width": a_png(0, 1),
    "too large": a_png(more=part(b"tEXt", b"x" * LARGEST_BYTES)),
    "jpeg without an end": a_jpeg()[:-2],
    "jpeg without a size": a_jpeg()[:11] + a_jpeg()[24:],
    "jpeg for printers": a_jpeg(components=4),
    "jpeg that no program shows": a_jpeg(frame=0xC3),
    "jpeg too wide": a_jpeg(1201),
    "jpeg with a gap": a_jpeg()[:11] + b"<svg>" + a_jpeg()[11:],
}  # fmt: skip


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_what_is_no_logo_is_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(BadName, match="PNG or JPEG file of at most 100 KB and 1200 x 400 pixels"):
        read(content)
