"""Why a mail was held, in sentences: the rules' texts, which `wsgi.py` hands over.

The portal does not import the filter; it learns here what the filter's symbols mean.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

MOST = 3
TELLING = 0.5
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


def warned_of(warning: str) -> list[str]:
    """Return the untranslated sentences for what a reader must beware of, all of them.

    `warning` is that of a delivery: symbols, joined by commas.
    """
    said = [_SENTENCES[name] for name in warning.split(",") if name in _SENTENCES]
    return list(dict.fromkeys(said))
