"""Mails as people send them, with changes nobody makes on purpose; each follows from a seed."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.faults import noise

Change = Callable[[random.Random, list[bytes], bytes], list[bytes]]

SAMPLES = Path(__file__).parent.parent / "messages"
MOST_CHANGES = 5
LARGEST = 200_000
# What parsers decide by, wherever it turns up.
WORDS = (
    *(b"Content-Type: ", b"multipart/mixed; boundary=", b"message/rfc822", b"charset=", b"--"),
    *(b"Content-Transfer-Encoding: base64", b"Content-Disposition: attachment; filename*0*="),
    *(b"From: ", b"Subject: ", b"Received: ", b"\r\n\r\n", b"\r\n ", b"\0", b"\xff", b'"', b"("),
    *(b"=?utf-8?b?", b"=?utf-7?q?", b"=?", b"?=", b"begin 644 x\r\n", b"<!--", b"X-Mailhafen-"),
    *(b"Authentication-Results: ", "ü".encode(), "\u202e".encode(), b"\xed\xa0\x80", b"&#x0;"),
    *(b"%00", b"{{7*7}}", b"<script>"),
)  # fmt: skip


def originals(folder: Path | None = None) -> list[bytes]:
    """Return the mails of a folder, or our own samples, with the line ends of SMTP."""
    files = sorted(each for each in (folder or SAMPLES).rglob("*") if each.is_file())
    whole = [b"\r\n".join(each.read_bytes().splitlines()) + b"\r\n" for each in files]
    return [mail for mail in whole if len(mail) <= LARGEST]


def mutant(seed: int, number: int, mails: Sequence[bytes]) -> bytes:
    """Return one mail with one to five changes; the same again for the same seed and number."""
    chance = random.Random(f"{seed}:{number}")  # noqa: S311 (repeatable on purpose)
    mail, other = chance.choice(mails), chance.choice(mails)
    lines = mail.splitlines(keepends=True)
    for _ in range(chance.randint(1, MOST_CHANGES)):
        lines = chance.choice(CHANGES)(chance, lines, other)
    changed = b"".join(lines)[: 2 * LARGEST]
    return changed if changed.endswith(b"\r\n") else changed + b"\r\n"


def odd_bytes(chance: random.Random, lines: list[bytes], _other: bytes) -> list[bytes]:
    """Change some bytes anywhere."""
    return noise.mutated(chance, b"".join(lines)).splitlines(keepends=True)


def odd_bytes_in_the_head(chance: random.Random, lines: list[bytes], _other: bytes) -> list[bytes]:
    """Change some bytes where the fields are."""
    head, gap, body = b"".join(lines).partition(b"\r\n\r\n")
    return (noise.mutated(chance, head) + gap + body).splitlines(keepends=True)


def word(chance: random.Random, lines: list[bytes], _other: bytes) -> list[bytes]:
    """Put in something that parsers decide by."""
    whole = b"".join(lines)
    at = chance.randint(0, chance.choice((len(whole), min(len(whole), 1500))))
    return (whole[:at] + chance.choice(WORDS) + whole[at:]).splitlines(keepends=True)


def repeated(chance: random.Random, lines: list[bytes], _other: bytes) -> list[bytes]:
    """Say a line, or a few, again and again."""
    start, end = _some(chance, lines)
    again = lines[start:end] * chance.choice((2, 2, 3, 20))
    return lines[:end] + again + lines[end:]


def left_out(chance: random.Random, lines: list[bytes], _other: bytes) -> list[bytes]:
    """Leave out a line, or a few."""
    start, end = _some(chance, lines)
    return lines[:start] + lines[end:]


def elsewhere(chance: random.Random, lines: list[bytes], _other: bytes) -> list[bytes]:
    """Move a line, or a few."""
    start, end = _some(chance, lines)
    rest = lines[:start] + lines[end:]
    at = chance.randint(0, len(rest))
    return rest[:at] + lines[start:end] + rest[at:]


def spliced(chance: random.Random, lines: list[bytes], other: bytes) -> list[bytes]:
    """Go on as another mail does."""
    others = other.splitlines(keepends=True)
    return lines[: chance.randint(0, len(lines))] + others[chance.randint(0, len(others)) :]


def cut_off(chance: random.Random, lines: list[bytes], _other: bytes) -> list[bytes]:
    """End in the middle."""
    whole = b"".join(lines)
    return whole[: chance.randint(0, len(whole))].splitlines(keepends=True)


def one_line(chance: random.Random, lines: list[bytes], _other: bytes) -> list[bytes]:
    """Join a few lines."""
    start, end = _some(chance, lines)
    joined = b"".join(line.rstrip(b"\r\n") for line in lines[start:end])
    return [*lines[:start], joined + b"\r\n", *lines[end:]]


def bare(chance: random.Random, lines: list[bytes], _other: bytes) -> list[bytes]:
    """End a few lines as other systems do."""
    start, end = _some(chance, lines)
    ending = chance.choice((b"\n", b"\r", b"\r\r\n", b"\n\r"))
    changed = [line.rstrip(b"\r\n") + ending for line in lines[start:end]]
    return lines[:start] + changed + lines[end:]


CHANGES: tuple[Change, ...] = (
    *(odd_bytes, odd_bytes_in_the_head, odd_bytes_in_the_head, word, word, repeated, left_out),
    *(elsewhere, spliced, cut_off, one_line, bare),
)


def _some(chance: random.Random, lines: Sequence[bytes]) -> tuple[int, int]:
    start = chance.randint(0, len(lines))
    return start, min(start + chance.choice((1, 1, 2, 8)), len(lines))
