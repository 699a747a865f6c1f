"""Attachments that open only with a password, which no filter has.

People protect files this way too. That the password stands in the same mail protects nothing: it
only keeps filters out.
"""

import re
from collections.abc import Iterator

from filter.attached.attachments import first_few, look
from filter.rule import Exam, rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

ENCRYPTED = "ENCRYPTED_ATTACHMENT"
WITH_PASSWORD = "PASSWORD_BESIDE_ATTACHMENT"  # noqa: S105 (the name of a symbol)
_MOST = 20_000
_SAYS_PASSWORD = re.compile(
    r"(?i)\b(?:passwor[dt]|passwort|kennwort|passwd|passcode|mot de passe|parola d['\u2019]accesso"
    r"|password|pass|pw|pin|codice|code d['\u2019]accès|zugangscode)\b[^\w\n]{0,5}"
    r"(?:(?:ist|lautet|is|est|è)\b[^\w\n]{0,5}|(?<=[:=])[^\w\n]{0,5})[\w!$%&+#*?.-]{3,40}"
)


@rule(
    ENCRYPTED,
    weight=1.0,
    says=N_("An attachment opens only with a password, so it could not be checked."),
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for each of the first such attachments."""
    for where in first_few(look(exam.mail).locked):
        yield Symbol(ENCRYPTED, where)


@rule(
    WITH_PASSWORD,
    weight=3.0,
    says=N_("The password for an attachment stands in the same message."),
)
def find_password(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if a text names a password beside an attachment that needs one."""
    if not look(exam.mail).locked:
        return
    if _SAYS_PASSWORD.search(exam.mail.text[:_MOST] or exam.mail.html[:_MOST]):
        yield Symbol(WITH_PASSWORD)
