"""Whose an unknown address may be: somebody's whose name it is made of, or a role's.

Names are compared without case, accents and signs, with the ways in which addresses are made of
them, and with one letter too many, too few or wrong.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Set
from dataclasses import dataclass
from itertools import chain

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
    """Knows some people, and finds whose an address may be.

    How their addresses could look is worked out anew each time: of many people it fills a memory.
    """

    def __init__(self, people: Iterable[Known]) -> None:
        self._people = tuple(people)

    def guesses(self, locals_of: Collection[str]) -> dict[str, Guess]:
        """Return what may be behind local parts of addresses, of many as fast as of one."""
        words = {each: _WORDS.findall(_folded(each)) for each in locals_of}
        roles = {each for each, found in words.items() if found and found[0] in ROLES}
        bare = {each: "".join(found) for each, found in words.items() if each not in roles}
        same = self._same({each for each in bare.values() if len(each) >= SHORTEST})
        left = {each for each in bare.values() if each not in same and len(each) >= SHORTEST_NEAR}
        found = same | self._near(left)
        people = {each: tuple(found.get(form, {}).values())[:3] for each, form in bare.items()}
        return {each: Guess(people.get(each, ()), each in roles) for each in words}

    def _same(self, wanted: Set[str]) -> dict[str, dict[int, Known]]:
        found = defaultdict[str, dict[int, Known]](dict)
        for each in self._people if wanted else ():
            for form in _forms_of(each) & wanted:
                found[form][each.id] = each
        return found

    def _near(self, wanted: Set[str]) -> dict[str, dict[int, Known]]:
        whose, found = defaultdict[str, set[str]](set), defaultdict[str, dict[int, Known]](dict)
        for form in wanted:
            for near in _nearly(form):
                whose[near].add(form)
        # Whatever one letter is wrong, the first three or the last three are not.
        ends = {end for form in wanted for end in (form[:3], form[-3:])}
        for each in self._people if wanted else ():
            forms = (form for form in _forms_of(each) if _may_be_near(form, ends))
            for near in chain.from_iterable(map(_nearly, forms)):
                for form in whose.get(near, ()):
                    found[form][each.id] = each
        return found


def _forms_of(person: Known) -> set[str]:
    return {*_forms(person.name), _bare(person.address.partition("@")[0])}


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


def _may_be_near(form: str, ends: Set[str]) -> bool:
    if len(form) <= SHORTEST_NEAR:
        return len(form) == SHORTEST_NEAR
    return form[:3] in ends or form[-3:] in ends


def _nearly(text: str) -> Set[str]:
    """Return a text, and what is left of it without one of its letters."""
    return {text, *(text[:place] + text[place + 1 :] for place in range(len(text)))}


def _folded(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in parts if not unicodedata.combining(each))


def _bare(local: str) -> str:
    return "".join(_WORDS.findall(_folded(local)))
