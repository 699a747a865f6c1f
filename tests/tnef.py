"""Files as Outlook packs them into a `winmail.dat`, as whole or as broken as a test wants them."""

import struct

from mailstore.tnef import SIGNATURE

BEGINS, TITLE, DATA = 0x00069002, 0x00018010, 0x0006800F


def a_tnef(*attributes: tuple[int, bytes]) -> bytes:
    """Return a stream of attributes, each its id and its data."""
    packed = [
        struct.pack("<BII", 2, name, len(value)) + value + b"\0\0" for name, value in attributes
    ]
    return SIGNATURE + b"\1\0" + b"".join(packed)


def a_winmail(files: dict[str, bytes]) -> bytes:
    """Return files under their names."""
    attributes = [
        (name, value)
        for title, content in files.items()
        for name, value in ((BEGINS, b""), (TITLE, title.encode("cp1252") + b"\0"), (DATA, content))
    ]
    return a_tnef(*attributes)
