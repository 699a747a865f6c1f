"""Why a mail was refused, in plain words, for whom it was meant for."""

from flask_babel import gettext as _

from mailstore.refusals import Refusal
from portal.reasons import REFUSALS, sentences

MANDATORY = "mandatory rule "
LOOP = "5.4.6"


def why(refusal: Refusal) -> str:
    """Return one to three sentences in the visitor's language."""
    return " ".join(map(str, _why(refusal)))


def _why(refusal: Refusal) -> list[str]:
    if LOOP in refusal.reply:
        return [_("It went round in a circle between mail servers.")]
    if refusal.reason == "blocked author":
        return [_("Its sender is on a list of blocked senders.")]
    if refusal.reason in REFUSALS:
        return [_(REFUSALS[refusal.reason])]
    names = refusal.reason.removeprefix(MANDATORY).split(", ")
    said = [_(sentence) for sentence in sentences([(name, "", 0.0) for name in names])]
    return said or [_("It was so clearly spam that it was not taken.")]
