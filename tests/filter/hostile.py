"""What a sandboxed child serves in tests: the real examination, and rules that misbehave."""

import time
from collections.abc import Iterator

from filter import reading
from filter.rule import Exam, rule
from mailstore.envelopes import Symbol


@rule("BREAKS", weight=9.0, says="It breaks when a mail asks for it.")
def breaks(exam: Exam) -> Iterator[Symbol]:
    if exam.mail.header("X-Break"):
        yield Symbol("BREAKS", "before it broke")
        raise KeyError(exam.mail.header("X-Break"))


@rule("SPINS", weight=9.0, says="It spins when a mail asks for it.")
def spins(exam: Exam) -> Iterator[Symbol]:
    while exam.mail.header("X-Spin"):
        time.sleep(0)
    yield from ()


SERVED = reading.SERVED
