"""What strangers say to the relay: each script follows from a seed and its number alone."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, pairwise

from tests.filter.talk import CRLF, DOT, TERMINATORS

Noise = Callable[[random.Random, bytes], bytes]

SENDER = b"stranger@sender.example"
CONTENT = b"From: Stranger <stranger@sender.example>\r\nSubject: Hello\r\n\r\nAhoy.\r\n"
LONGEST_NOISE = 4
MOST_PIECES = 12
LONGEST_PAUSE = 0.02


class State(StrEnum):
    """How far a conversation has come, politely, when the noise begins."""

    EARLY = "before the greeting"
    NEW = "after the greeting"
    EHLO = "after EHLO"
    MAIL = "after MAIL"
    RCPT = "after RCPT"
    DATA = "after DATA"
    TLS = "after STARTTLS"


class Ending(StrEnum):
    """How a stranger leaves."""

    QUIT = "end any mail, and QUIT"
    HALF = "say that no more will come"
    CLOSE = "hang up"
    RESET = "reset the connection"


ENDINGS = (*[Ending.QUIT] * 5, Ending.HALF, Ending.CLOSE, Ending.RESET)


@dataclass(frozen=True, slots=True)
class Script:
    """One conversation; `most` is how many mails it may leave, None where nobody knows."""

    number: int
    state: State
    pieces: tuple[bytes, ...]
    pauses: tuple[float, ...]
    ending: Ending
    most: int | None = None

    @property
    def noise(self) -> bytes:
        """All bytes after the polite part."""
        return b"".join(self.pieces)


def script(seed: int, number: int, recipient: str) -> Script:
    """Return the script of that number."""
    chance = random.Random(f"{seed}:{number}")  # noqa: S311 (repeatable on purpose)
    to, ending = recipient.encode(), chance.choice(ENDINGS)
    if chance.random() < SMUGGLE_SHARE:
        return _cut(chance, number, State.EHLO, _smuggled(chance, to) + b"QUIT\r\n", ending, most=1)
    count = chance.randint(1, LONGEST_NOISE)
    noise = b"".join(chance.choice(NOISES)(chance, to) for _ in range(count))
    return _cut(chance, number, chance.choice(list(State)), noise, ending)


def _cut(
    chance: random.Random,
    number: int,
    state: State,
    noise: bytes,
    ending: Ending,
    *,
    most: int | None = None,
) -> Script:
    """Cut noise into pieces that are written one by one, most often only one."""
    count = chance.choice((0, 0, 0, 1, 2, MOST_PIECES))
    cuts = {0, len(noise), *(chance.randint(0, len(noise)) for _ in range(count))}
    if chance.random() < PATIENT_SHARE:
        cuts |= {found.end() for found in islice(DATA.finditer(noise), MOST_WAITS)}
    edges = sorted(cuts)
    pieces = tuple(noise[start:end] for start, end in pairwise(edges))
    pauses = tuple(chance.choice((0.0, 0.0, LONGEST_PAUSE)) for _ in pieces)
    return Script(number, state, pieces, pauses, ending, most)


SMUGGLE_SHARE = 0.15
# Whoever is patient waits for 354; the others talk on, which is refused.
PATIENT_SHARE, MOST_WAITS = 0.8, 6
DATA = re.compile(rb"(?i)DATA\r\n")
ODD = (
    *(b"\0", b"\r", b"\n", b"\r\n", b"\t", b"\x1b[31m", b"\xff", "ü".encode(), "☂".encode()),
    *(b"<", b">", b'"', b"\\", b"@", b":", b",", b"=", b"+", b"(", b"[", b".", b" ", b"  "),
    *(b"\r\n.\r\n", b"\n.\n", b"\r.\r", b"%s", b"A" * 70, b"A" * 600, b"\xf0\x28\x8c\xbc"),
)
COMMANDS = (
    b"EHLO stranger.example",
    b"HELO stranger.example",
    b"MAIL FROM:<stranger@sender.example>",
    b"MAIL FROM:<>",
    b"MAIL FROM:<stranger@sender.example> SIZE=1000 BODY=8BITMIME SMTPUTF8",
    b"MAIL FROM:<stranger@sender.example> SIZE=99999999999999999999 RET=HDRS ENVID=a+2Bb",
    b"RCPT TO:<%(to)b>",
    b"RCPT TO:<%(to)b> NOTIFY=NEVER ORCPT=rfc822;a+2Bb@c.example",
    b"RCPT TO:<@relay.example:%(to)b>",
    b'RCPT TO:<"a b\\"c"@rcpt.example>',
    b"RCPT TO:<nobody@rcpt.example>",
    b"RCPT TO:<somebody@elsewhere.example>",
    b"RCPT TO:<Postmaster>",
    b"DATA",
    b"RSET",
    b"NOOP what ever",
    b"VRFY %(to)b",
    b"EXPN list",
    b"HELP MAIL",
    b"AUTH PLAIN AGEAYg==",
    b"AUTH LOGIN",
    b"BDAT 5 LAST",
    b"XCLIENT ADDR=192.0.2.7 NAME=[UNAVAILABLE]",
    b"PROXY TCP4 192.0.2.7 192.0.2.1 40000 25",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\7\xc0\0\2\1\x9c\x40\0\x19",
    b"STARTTLS",
    b"ETRN x",
    b"TURN",
    b"GET / HTTP/1.1",
    b"",
    b".",
)


def command(chance: random.Random, to: bytes) -> bytes:
    """Return one command as it should be."""
    return chance.choice(COMMANDS).replace(b"%(to)b", to) + CRLF


def commands(chance: random.Random, to: bytes) -> bytes:
    """Return a group in any order."""
    return b"".join(command(chance, to) for _ in range(chance.randint(2, 30)))


def broken(chance: random.Random, to: bytes) -> bytes:
    """Return a command with a few odd bytes in it."""
    return mutated(chance, command(chance, to))


def broken_group(chance: random.Random, to: bytes) -> bytes:
    """Return whole transactions with a few odd bytes anywhere."""
    return mutated(chance, mail(chance, to) + commands(chance, to))


def mail(chance: random.Random, to: bytes) -> bytes:
    """Return one to three whole transactions, pipelined."""
    return b"".join(_transaction(to, CONTENT) for _ in range(chance.randint(1, 3)))


def odd_mail(chance: random.Random, to: bytes) -> bytes:
    """Return a transaction whose content is odd, and may not end."""
    content = mutated(chance, CONTENT) + random_bytes(chance, to)
    return _transaction(to, content, end=chance.choice((DOT, b"\r\n.\r\n", b"")))


def long_line(chance: random.Random, _to: bytes) -> bytes:
    """Return a line of up to 200,000 bytes, which may not end."""
    size = chance.choice((500, 512, 1000, 5000, 65_535, 65_536, 65_537, 200_000))
    end = chance.choice((CRLF, b"\n", b"\r", b""))
    return chance.choice((b"NOOP ", b"MAIL FROM:<", b"")) + chance.choice((b"x", b"\0", b" ")) * (
        size + chance.randint(-2, 2)
    ) + end  # fmt: skip


def random_bytes(chance: random.Random, _to: bytes) -> bytes:
    """Return anything."""
    return chance.randbytes(chance.randint(1, 300))


def repeated(chance: random.Random, to: bytes) -> bytes:
    """Return one command many times."""
    return command(chance, to) * chance.choice((20, 100, 500))


NOISES: tuple[Noise, ...] = (
    *(command, commands, broken, broken, broken_group, mail),
    *(odd_mail, long_line, random_bytes, repeated),
)


def mutated(chance: random.Random, data: bytes) -> bytes:
    """Return bytes with one to four changes."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(data))
        end = min(at + chance.randint(0, 12), len(data))
        data = chance.choice(list(_changes(chance, data, at, end)))
    return data


def _changes(chance: random.Random, data: bytes, at: int, end: int) -> Iterator[bytes]:
    yield data[:at] + chance.choice(ODD) + data[at:]
    yield data[:at] + chance.choice(ODD) + data[end:]
    yield data[:at] + data[end:]
    yield data[:end] + data[at:]
    yield data[:at] + chance.randbytes(end - at) + data[end:]


def _transaction(to: bytes, content: bytes, *, end: bytes = DOT) -> bytes:
    return (
        b"MAIL FROM:<%b>\r\nRCPT TO:<%b>\r\nDATA\r\n" % (SENDER, to) + content + end
    )  # fmt: skip


def _smuggled(chance: random.Random, to: bytes) -> bytes:
    """Return one mail that some servers would take for two (RFC 5321 §4.1.1.4)."""
    false_end = chance.choice(list(TERMINATORS.values()))
    second = _transaction(to, CONTENT, end=b"").replace(SENDER, b"smuggled@sender.example")
    return _transaction(to, CONTENT.removesuffix(CRLF) + false_end + second)
