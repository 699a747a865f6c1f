"""Mails that make a reader see something else than is there."""

from tests.corpus.crashing import author, subject
from tests.portal.mails import mail, with_attachment

TURN, END = "\u202e", "\u202c"
# Whatever turns the direction of a line; none of it may reach a page, a report or a log.
TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def named(name: str) -> bytes:
    """Return a mail of somebody with this name."""
    return author(b'"' + name.encode() + b'" <bob@there.example>')


DECEIVING = {
    "turned name": named(f"{TURN}elpmaxe.hcs@nimda{END} Bob"),
    "turned subject": subject(f"Rechnung {TURN}fdp.exe".encode()),
    "turned subject in an encoded word": subject(b"=?utf-8?q?a=E2=80=AEb=E2=81=A6c?="),
    "turned file name": with_attachment(f'; filename="Rechnung{TURN}fdp.exe"'.encode()),
    "turned encoded file name": with_attachment(b"; filename*=utf-8''Rechnung%E2%80%AEfdp.exe"),
    "turned field": mail(f"Reply-To: {TURN}a@there.example".encode()),
    "arabic mark": named("Bob\u061c 123"),
    "unseen letters": named("B\u200bo\u2060b\ufeff \u00adKeller"),
    "tags that nobody sees": subject("Hallo \U000e0041\U000e0042".encode()),
    "all isolates": subject("\u2066\u2067\u2068\u2069 x".encode()),
    "name of two kilobytes": named("x" * 2000),
    "name of two kilobytes that is wide": named("\U0001f98a" * 2000),
    "stacked accents": named("Z" + "\u0335\u0336\u0337" * 300),
    "Cyrillic letters": named("P\u0430yp\u0430l"),
    "Cyrillic domain": author("Bob <bob@p\u0430ypal.example>".encode()),
    "address as a name": named("chef@muster.example"),
    "address within a name": named("chef@muster.example <bob@there.example>"),
    "escapes for terminals": subject(b"\x1b[2J\x1b[31mDelivered\x1b]0;x\x07\x9b31m"),
    "lines in a subject": subject(b"=?utf-8?q?one=0D=0ABcc:_all=0A=E2=80=A8two?="),
    "markup": subject(b"</title><script>alert(1)</script><img src=x onerror=alert(1)>"),
}
