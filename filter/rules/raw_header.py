"""Header fields with letters that are not ASCII and say in no way how to read them.

RFC 2047 says how such letters are written; RFC 6532 allows UTF-8 as it is, which is let pass.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from mailstore.envelopes import Symbol
from mailstore.mime import head_of, header_fields
from mailstore.wording import N_

RAW_HEADER = "RAW_HEADER"
LONGEST_HEAD = 100_000


@rule(
    RAW_HEADER,
    weight=1.3,
    says=N_("Its subject or sender is not written as mail programs write it."),
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if Subject, From or To has 8-bit bytes that are not UTF-8."""
    for start, end, name in header_fields(head_of(exam.mail.raw[:LONGEST_HEAD])):
        if name in {b"subject", b"from", b"to"}:
            try:
                exam.mail.raw[start:end].decode()
            except UnicodeDecodeError:
                yield Symbol(RAW_HEADER, name.decode())
                return
