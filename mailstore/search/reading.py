"""The words of a mail, read by a sandboxed child.

Bodies are cut: nobody looks for what stands behind the first quarter of a megabyte, and whoever
fills a mail with different words must not fill the index.
"""

from typing import Any

from mailstore.mime import Mail
from mailstore.sandbox_child import Ask
from mailstore.search.words import words_of

MOST_TEXT = 256 * 1024
MOST_WORDS = 5000
MOST_OF_HEADER = 500


def read(_args: object, raw: bytes, _ask: Ask) -> dict[str, list[str]]:
    """Return the words of a mail by where they stand; the child's side."""
    mail = Mail(raw)
    to = (*mail.headers("To"), *mail.headers("Cc"))
    names = (name for part in mail.attachments for name in (part.name, *part.names))
    seen = mail.seen_text(MOST_TEXT)
    return {
        "from": words_of(mail.headers("From"), MOST_OF_HEADER),
        "to": words_of(to, MOST_OF_HEADER),
        "subject": words_of(mail.headers("Subject"), MOST_OF_HEADER),
        "rest": words_of((*names, seen), MOST_WORDS),
    }


SERVED: dict[str, Any] = {"read": read}
