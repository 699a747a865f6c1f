"""Why a mail was held, in sentences: the rules' texts, which `wsgi.py` hands over.

The portal does not import the filter; it learns here what the filter's symbols mean.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

MOST = 3
_SENTENCES: dict[str, str] = {}


class RuleText(Protocol):
    """What the portal knows of a rule: its symbol and its sentence."""

    @property
    def symbol(self) -> str:
        """Return the name of the finding."""

    @property
    def says(self) -> str:
        """Return the sentence for a reader."""


def tell(rules: Iterable[RuleText]) -> None:
    """Learn what the symbols mean."""
    _SENTENCES.update({rule.symbol: rule.says for rule in rules})


def sentences(symbols: Sequence[Any]) -> list[str]:
    """Return the untranslated sentences for a delivery's symbols, three at most."""
    said = [_SENTENCES[name] for name, _detail in symbols if name in _SENTENCES]
    return list(dict.fromkeys(said))[:MOST]
