"""Mail that uses MIME and does not say so, or uses it as no program does."""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.shape import has
from mailstore.envelopes import Symbol
from mailstore.wording import N_

MIME_VERSION_MISSING = "MIME_VERSION_MISSING"
NEEDLESS_BASE64 = "NEEDLESS_BASE64"
ODD_BOUNDARY = "ODD_BOUNDARY"
MOST_PARTS = 10
TEXTS = frozenset({"text/plain", "text/html"})


@rule(MIME_VERSION_MISSING, weight=0.1, says=N_("It is not put together as mail programs do it."))
def find_mime_version_missing(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if there is a Content-Type but no MIME-Version (RFC 2045 §4)."""
    if has(exam.mail, "content-type") and not has(exam.mail, "mime-version"):
        yield Symbol(MIME_VERSION_MISSING)


@rule(
    NEEDLESS_BASE64,
    weight=1.7,
    says=N_("Its text is hidden from filters by an encoding that it does not need."),
)
def find_needless_base64(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if a text that is all ASCII comes as base64."""
    for part in exam.mail.parts[:MOST_PARTS]:
        encoded = str(part.message.get("Content-Transfer-Encoding", "")).strip().lower() == "base64"
        if (
            encoded
            and part.content_type in TEXTS
            and not part.attached
            and part.content().isascii()
        ):
            yield Symbol(NEEDLESS_BASE64, part.content_type)
            return


@rule(ODD_BOUNDARY, weight=0.9, says=N_("Its parts are divided as programs for mass mail do it."))
def find_odd_boundary(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the boundary looks like Outlook's in a mail that names no program."""
    boundary = str(exam.mail.message.get_boundary() or "")
    outlook = boundary.startswith(("----=_NextPart_", "--=_NextPart"))
    if outlook and not has(exam.mail, "x-mailer", "x-mimeole", "user-agent", "thread-index"):
        yield Symbol(ODD_BOUNDARY, boundary[:60])
