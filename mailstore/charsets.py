"""Foreign text made readable: charsets, encoded words (RFC 2047), and what deceives the eye.

Nothing here raises for bad content, and UTF-7 is never interpreted.
"""

import codecs
import re
from email.errors import HeaderParseError
from email.header import decode_header

LONGEST_HEADER = 2000
# UTF-7 hides markup; the others are Python's own and no charsets of mail.
UNSAFE_CHARSETS = frozenset(
    {"utf-7", "unicode-escape", "unicode_escape", "raw-unicode-escape", "raw_unicode_escape"}
    | {"idna", "punycode", "undefined"}
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_FOLD = re.compile(r"\r?\n(?=[ \t])")
# What turns the direction of a line, and what takes no room at all.
_DECEIVES = re.compile(
    r"[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
    r"|[\U000e0000-\U000e007f]"
)
# Joiners belong to emoji and to some scripts, but never to a letter of ours.
_JOINER = re.compile(
    r"(?<![\u0600-\u1fff\u2190-\U0001ffff])[\u200c\u200d]"
    r"|[\u200c\u200d](?![\u0600-\u1fff\u2190-\U0001ffff])"
)


def one_line(value: str) -> str:
    """Return a header value as one line of readable text, RFC 2047 decoded.

    What turns the direction of a line or cannot be seen is left out, so that it reads in the
    order in which programs read it.
    """
    return _CONTROL.sub(" ", without_disguise(decode_words(value))).strip()[:LONGEST_HEADER]


def without_disguise(text: str) -> str:
    """Return a text without characters that turn its direction or take no room."""
    return text if text.isascii() else _JOINER.sub("", _DECEIVES.sub("", text))


def decode_words(value: str) -> str:
    """Return a header value RFC 2047 decoded, with all that is in it."""
    raw = _FOLD.sub("", value[: LONGEST_HEADER * 4])
    try:
        return "".join(_piece(piece, charset) for piece, charset in decode_header(raw))
    except (HeaderParseError, ValueError, LookupError):
        return raw


def _piece(piece: str | bytes, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    # What stands between encoded words is given back in this spelling by decode_header.
    return decode_text(piece, charset) if charset else piece.decode("raw-unicode-escape")


def decode_text(content: bytes, charset: object) -> str:
    """Return bytes as text, whatever they claim to be: no NUL, and no half characters.

    A charset that nobody knows, or that is none, is read as UTF-8 and else as Latin-1.
    """
    try:
        codec = codecs.lookup(str(charset or "utf-8").strip().lower()).name
        if codec in UNSAFE_CHARSETS:
            codec = "utf-8"
        text = content.decode(codec, "strict" if codec == "utf-8" else "replace")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    except (LookupError, ValueError, AssertionError):
        text = content.decode("utf-8", "replace")
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
