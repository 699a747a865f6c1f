"""Mail that nothing proves although the owner of the author's domain asks for proof (RFC 9989).

Owners who ask for quarantine or rejection mean it, so their wish adds to the score. Mailing lists
break the proofs of honest mail (RFC 7960): even the strictest wish stays below the threshold, and
the list's own signs or the reader's own lists decide.
"""

from collections.abc import Iterator

from filter.authentication.dmarc import QUARANTINE, REJECT
from filter.rule import Exam, rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

FAILED, TO_HOLD, TO_REFUSE = "DMARC_FAIL", "DMARC_QUARANTINE", "DMARC_REJECT"


@rule(FAILED, weight=0.5, says=N_("Its sender cannot be proven."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with what the owner asks for, whatever that is."""
    dmarc = exam.authentication.dmarc
    # A forwarder whose seal the operator believes saw the proof before it broke.
    if dmarc.result == "fail" and "arc" not in exam.authentication.proofs:
        yield Symbol(FAILED, f"p={dmarc.policy}")


@rule(TO_HOLD, weight=1.5, says=N_("The owner of the sender's domain calls such mail suspicious."))
def find_to_hold(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the owner asks to hold such mail."""
    yield from _asked(exam, QUARANTINE, TO_HOLD)


@rule(TO_REFUSE, weight=3.0, says=N_("The owner of the sender's domain calls such mail forged."))
def find_to_refuse(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the owner asks to refuse such mail."""
    yield from _asked(exam, REJECT, TO_REFUSE)


def _asked(exam: Exam, wish: str, symbol: str) -> Iterator[Symbol]:
    if exam.authentication.dmarc.policy == wish and any(find(exam)):
        yield Symbol(symbol)
