"""Who strangers pretend to be: names as people read them, and what a tenant is known by."""

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache

from filter.findings import Findings
from mailstore.addresses import Address
from mailstore.envelopes import TenantFacts
from mailstore.errors import BadAddress
from mailstore.freemail import FREE_MAIL
from mailstore.lookalike import Name, covers, plain

FEWEST_WORDS, MOST_WORDS = 2, 8
LONGEST_SHOWN = 200
MOST_REMEMBERED = 10_000
MOST_TENANTS = 1000
# Digits that are read as letters.
_LETTERS = str.maketrans("0135", "oles")
_WORD = re.compile(r"[^\W\d_]+")
_BETWEEN = re.compile(
    r"[()\[\]<>|/,;:\"\u2013\u2014\u00ab\u00bb]|\s-\s|\b(?:via|per|par|tramite)\b"
)
_ADDRESS = re.compile(r"@([a-z0-9][a-z0-9.-]*[a-z0-9])")
# What stands beside a name and is none.
_BESIDE_TEXT = (
    "dr prof herr frau mr mrs ms mme mlle monsieur madame signor signora sig dott ing "
    "dipl lic phd mba ceo cfo coo cto president direktor direktorin director directeur "
    "direttore geschaftsfuhrer geschaftsfuhrerin geschaftsleitung leitung"
)
_BESIDE = frozenset(_BESIDE_TEXT.split())
_LEGAL_FORMS_TEXT = "ag gmbh sa sarl sagl srl spa ltd inc llc kg ohg eg co corp"
_LEGAL_FORMS = frozenset(_LEGAL_FORMS_TEXT.split())
# What companies call those who write to everybody.
_OFFICES_TEXT = (
    "it hr support helpdesk desk help service services admin administrator administration "
    "team informatik personal personalabteilung rh risorse umane ressources humaines "
    "informatique buchhaltung comptabilite contabilita finance finanzen security "
    "sicherheit office mail"
)
_OFFICES = frozenset(_OFFICES_TEXT.split())


def words_of(text: str) -> list[str]:
    """Return the words of a name, however accents and umlauts are written; at most eight."""
    found = _WORD.findall(plain(text[:LONGEST_SHOWN]))[: MOST_WORDS + 1]
    return [_umlauts(word) for word in found][:MOST_WORDS]


@lru_cache(MOST_REMEMBERED)
def name_key(text: str) -> tuple[str, ...]:
    """Return what two spellings of a person's name share, empty if it is not one.

    It knows neither order nor case, accents, initials, titles.
    """
    words = [word for word in words_of(text) if word not in _BESIDE]
    full = [word for word in words if len(word) > 1]
    return tuple(sorted(full)) if len(full) >= FEWEST_WORDS else ()


def names_in(shown: str) -> Iterator[tuple[str, ...]]:
    """Yield the keys of all names that a display name may mean, digits read as letters too.

    The whole, each part, and of a part the first word with the next and with the last: readers
    take "Anna Maria Keller" and "Anna Keller Muster AG" for Anna Keller.
    """
    shown = shown[:LONGEST_SHOWN]
    texts = [shown]
    for part in (*_BETWEEN.split(shown), shown.translate(_LETTERS)):
        first, *rest = (part or "").split() or [""]
        texts += [part or "", *(f"{first} {other}" for other in rest[:1] + rest[-1:])]
    yield from dict.fromkeys(key for text in texts if (key := name_key(text)))


def authors_of(findings: Findings) -> Iterator[tuple[str, Address]]:
    """Yield name and address of the author; of all that From claims where it is ambiguous."""
    if findings.author is not None:
        yield findings.summary.author_name, findings.author
        return
    for name, text in findings.authors:
        try:
            yield name, Address.parse(text)
        except BadAddress:
            continue


class Known:
    """What is known of a tenant, made ready for many mails."""

    def __init__(self, facts: TenantFacts) -> None:
        self.facts = facts
        self._resembled: dict[str, str] = {}

    @cached_property
    def people(self) -> dict[tuple[str, ...], frozenset[str]]:
        """The addresses outside that are known for each name; most have none."""
        found: dict[tuple[str, ...], frozenset[str]] = {}
        for person in self.facts.people:
            if key := name_key(person.name.partition("(")[0]):
                found[key] = found.get(key, frozenset()) | person.addresses
        return found

    @cached_property
    def _originals(self) -> list[Name]:
        return [Name.of(name) for name in sorted(self.facts.domains | self.facts.partners)]

    def owns(self, domain: str) -> bool:
        """Whether a domain is the tenant's, or below one that is."""
        return covers(self.facts.domains, domain)

    def bearer(self, shown: str) -> frozenset[str] | None:
        """Return the addresses of the protected person whose name is shown, None if nobody's."""
        return next((self.people[key] for key in names_in(shown) if key in self.people), None)

    def is_own_name(self, shown: str) -> bool:
        """Whether a display name is the tenant's name, one of its domains or its addresses."""
        if any(self.owns(found) for found in _ADDRESS.findall(plain(shown[:LONGEST_SHOWN]))):
            return True
        own = _without(words_of(self.facts.name), _LEGAL_FORMS)
        words = _without(words_of(shown), _LEGAL_FORMS)
        rest = words[len(own) :]
        named = bool(own) and words[: len(own)] == own and _OFFICES.issuperset(rest)
        return named or plain(shown.strip()) in self.facts.domains

    def resembled(self, domain: str) -> str:
        """Return which of the tenant's own or partners' domains one looks like, or nothing.

        Never for those themselves, for what lies below them, nor for a large provider.
        """
        if domain not in self._resembled:
            if len(self._resembled) >= MOST_REMEMBERED:
                self._resembled.clear()
            self._resembled[domain] = self._resembles(domain)
        return self._resembled[domain]

    def _resembles(self, domain: str) -> str:
        trusted = self.facts.domains | self.facts.partners
        if domain in FREE_MAIL or covers(trusted, domain):
            return ""
        name = Name.of(domain)
        return next((each.domain for each in self._originals if name.resembles(each)), "")


_KNOWN: dict[int, Known] = {}


def known_of(facts: TenantFacts) -> Known:
    """Return what is known of a tenant, made ready once for as long as its facts are the same."""
    found = _KNOWN.get(facts.tenant_id)
    if found is not None and found.facts is facts:
        return found
    # They are looked up again and again, and are mostly what they were.
    if found is not None and found.facts == facts:
        found.facts = facts
        return found
    if len(_KNOWN) >= MOST_TENANTS:
        _KNOWN.clear()
    found = _KNOWN[facts.tenant_id] = Known(facts)
    return found


def _umlauts(word: str) -> str:
    # Müller is written Mueller, and Muller where nobody has the key.
    for written, letter in (("ae", "a"), ("oe", "o"), ("ue", "u")):
        word = word.replace(written, letter)
    return word


def _without(words: list[str], unwanted: frozenset[str]) -> list[str]:
    """Return the words without those that many share; all of them if nothing else is left."""
    return [word for word in words if word not in unwanted] or words
