"""Why a mail was held, in sentences: the rules' texts, which `wsgi.py` hands over.

The portal does not import the filter; it learns here what the filter's symbols mean.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from mailstore.wording import N_

MOST = 3
TELLING = 0.5
# Why a mail is held, where no rule's sentence says so.
REASONS = {
    "blocked author": N_("Its sender is on a list of blocked senders."),
    "could not be examined": N_("It could not be examined completely, so it is held to be safe."),
    "could not be scanned": N_(
        "It could not be checked for viruses before delivery, so it is held to be safe."
    ),
    "content is gone": N_("Its content cannot be read any more, so it cannot be delivered."),
    "content is damaged": N_("Its content cannot be read any more, so it cannot be delivered."),
}
# Why a mail is refused whose findings are not kept.
REFUSALS = {
    "class dangerous": N_("It had an attachment of a kind that often does harm."),
}
SMALL_SIGNS = N_("Several small signs together made it suspicious.")
_SENTENCES: dict[str, str] = {}


class RuleText(Protocol):
    """What the portal knows of a rule: its symbol, its sentence, and what it does to a mail."""

    @property
    def symbol(self) -> str:
        """Return the name of the finding."""

    @property
    def says(self) -> str:
        """Return the sentence for a reader."""

    @property
    def speaks_against(self) -> bool:
        """Return whether the finding can be why a mail is held."""


def tell(rules: Iterable[RuleText]) -> None:
    """Learn what the symbols mean."""
    _SENTENCES.update({rule.symbol: rule.says for rule in rules if rule.speaks_against})


def sentences(symbols: Sequence[Any]) -> list[str]:
    """Return the untranslated sentences for a delivery's symbols, the three weightiest at most.

    What weighs next to nothing is no reason; what has no points at all decides by itself.
    """
    telling = [name for name, _, points in symbols if not 0 < points < TELLING]
    # Each list in DNS is a symbol of its own, `DNS_LIST:zone`; all say the same.
    names = [name.partition(":")[0] for name in telling]
    said = [_SENTENCES[name] for name in names if name in _SENTENCES]
    return list(dict.fromkeys(said))[:MOST]


def reasons_of(reason: str, symbols: Sequence[Any]) -> list[str]:
    """Return the untranslated sentences that say why a mail is held, one at least.

    What decided without any finding has a sentence of its own.
    """
    if reason in REASONS:
        return [REASONS[reason]]
    return sentences(symbols) or [REFUSALS.get(reason, SMALL_SIGNS)]


def warned_of(warning: str) -> list[str]:
    """Return the untranslated sentences for what a reader must beware of, all of them.

    `warning` is that of a delivery: symbols, joined by commas.
    """
    said = [_SENTENCES[name] for name in warning.split(",") if name in _SENTENCES]
    return list(dict.fromkeys(said))
