"""Whose an unknown address may be: somebody's whose name it is made of, or a role's.

Names are compared without case, accents and signs, with the ways in which addresses are made of
them, and with one letter too many, too few or wrong.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

_ROLES = """
info support sales contact kontakt office buero buro verkauf einkauf vertrieb buchhaltung accounting
rechnung rechnungen invoice invoices billing finance finanzen personal hr jobs bewerbung bewerbungen
karriere career marketing presse press media admin administration verwaltung sekretariat empfang
reception help hilfe helpdesk service it edv webmaster hostmaster postmaster abuse noc security
newsletter shop order orders bestellung bestellungen team mail post hello hallo welcome direction
comptabilite facture factures vente ventes achat achats secretariat accueil amministrazione
contabilita fatture vendite acquisti segreteria assistenza datenschutz privacy noreply
"""
ROLES = frozenset(_ROLES.split())
_APART = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_WORDS = re.compile(r"[a-z0-9]+")
# Shorter ones are near to everybody.
SHORTEST, SHORTEST_NEAR = 3, 6


@dataclass(frozen=True, slots=True)
class Known:
    """A mailbox that an unknown address could belong to."""

    id: int
    address: str
    name: str


@dataclass(frozen=True, slots=True)
class Guess:
    """What an unknown address may be: people whose alias it may be, or a role."""

    people: tuple[Known, ...] = ()
    role: bool = False


class Guesser:
    """Knows how the addresses of some people could look."""

    def __init__(self, people: Iterable[Known]) -> None:
        self._same: dict[str, dict[int, Known]] = defaultdict(dict)
        self._near: dict[str, dict[int, Known]] = defaultdict(dict)
        for each in people:
            for form in {*_forms(each.name), _bare(each.address.partition("@")[0])}:
                self._same[form][each.id] = each
                if len(form) >= SHORTEST_NEAR:
                    for near in _nearly(form):
                        self._near[near][each.id] = each

    def guess(self, local: str) -> Guess:
        """Return what may be behind the local part of an address."""
        words = _WORDS.findall(_folded(local))
        if words and words[0] in ROLES:
            return Guess(role=True)
        bare = "".join(words)
        found = dict(self._same.get(bare, {})) if len(bare) >= SHORTEST else {}
        if not found and len(bare) >= SHORTEST_NEAR:
            for near in _nearly(bare):
                found |= self._near.get(near, {})
        return Guess(tuple(found.values())[:3])


def _forms(name: str) -> Iterator[str]:
    """Yield what addresses are made of a name, without signs."""
    for folded in {_folded(name), _folded(name.lower().translate(_APART))}:
        words = _WORDS.findall(folded)
        if not words[1:]:
            yield from (each for each in words if len(each) >= SHORTEST)
            continue
        first, last, whole = words[0], words[-1], "".join(words[1:])
        yield from (first + last, last + first, first[0] + last, last + first[0], last)
        yield from (first + last[0], first + whole, first[0] + whole, first)


def _nearly(text: str) -> Collection[str]:
    """Return a text, and what is left of it without one of its letters."""
    return {text, *(text[:place] + text[place + 1 :] for place in range(len(text)))}


def _folded(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in parts if not unicodedata.combining(each))


def _bare(local: str) -> str:
    return "".join(_WORDS.findall(_folded(local)))
