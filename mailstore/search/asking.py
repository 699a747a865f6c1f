"""A query in the languages of both databases' indexes, and asked of words that are at hand.

Each word stands quoted, and holds letters and digits and one sign of ours: there is nothing in it
that a database could take for anything else.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from typing import Self

from mailstore.scope import Scope
from mailstore.search import entries
from mailstore.search.grammar import Query, Term
from mailstore.search.words import LONGEST_WORD, SHORT


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing the index keeps, or all that begin with it."""

    token: str
    begins: bool = False

    def of(self, whose: str) -> Self:
        """Return the same among the words that begin so."""
        return replace(self, token=whose + self.token)


@dataclass(frozen=True, slots=True)
class Syntax:
    """How a database's index is asked."""

    whole: str
    begins: str
    either: str
    both: str
    without: str

    def any_of(self, choices: Iterable[Asked]) -> str:
        """Return the question for any of these."""
        asked = ((self.begins if each.begins else self.whole).format(each.token)
                 for each in choices)  # fmt: skip
        return f"({f' {self.either} '.join(asked)})"

    def all_of(self, asked: Iterable[str]) -> str:
        """Return the question for all that these find."""
        return f"({f' {self.both} '.join(asked)})"


_FTS5 = Syntax('"{}"', '"{}" *', "OR", "AND", " NOT {}")
_TSQUERY = Syntax("'{}'", "'{}':*", "|", "&", " & !{}")

# Any of these will do.
Choices = tuple[Asked, ...]


def as_fts5(query: Query, scope: Scope) -> str:
    """Return a query of SQLite's index, within the mailboxes of a scope."""
    return _rendered(query, scope, _FTS5)


def as_tsquery(query: Query, scope: Scope) -> str:
    """Return a query of PostgreSQL's index, within the mailboxes of a scope."""
    return _rendered(query, scope, _TSQUERY)


def fits(query: Query, tokens: Set[str]) -> bool:
    """Whether a mail with these tokens is found; whose it is, is not asked."""

    def there(choices: Choices) -> bool:
        return any(_is_among(each, tokens) for each in choices)

    return all(map(there, _wanted(query))) and not any(
        all(map(there, all_of)) for all_of in _unwanted(query)
    )


def _rendered(query: Query, scope: Scope, syntax: Syntax) -> str:
    boxes = sorted(scope.mailbox_ids or ())
    found = [_among(query, syntax, [*map(entries.mailbox, boxes)], [*map(entries.has, boxes)])]
    if scope.tenant_id is not None:
        shared = [entries.tenant(scope.tenant_id)]
        found.append(_among(query, syntax, shared, [*map(entries.shares, boxes)], shared=True))
    return f" {syntax.either} ".join(found)


def _among(
    query: Query, syntax: Syntax, begins: Sequence[str], marks: Sequence[str], *,
    shared: bool = False,
) -> str:  # fmt: skip
    """Return the question for a query among the words that begin so, of mail with these marks."""

    def words(choices: Choices) -> str:
        return syntax.any_of([each.of(begin) for begin in begins for each in choices])

    wanted = [*map(words, _wanted(query))]
    if shared or not wanted:
        wanted.append(syntax.any_of(map(Asked, marks)))
    unwanted = (syntax.all_of(map(words, each)) for each in _unwanted(query))
    return f"({''.join((syntax.all_of(wanted), *map(syntax.without.format, unwanted)))})"


def _wanted(query: Query) -> list[Choices]:
    positive = (term for term in query.terms if not term.negated)
    return [choices for term in positive for choices in _of_term(term)]


def _unwanted(query: Query) -> list[list[Choices]]:
    return [_of_term(term) for term in query.terms if term.negated]


def _of_term(term: Term) -> list[Choices]:
    sign, last = entries.SIGNS[term.field], len(term.words) - 1
    return [
        tuple(_asked(sign, form, begins=term.begins and at == last) for form in forms)
        for at, forms in enumerate(term.words)
    ]


def _asked(sign: str, form: str, *, begins: bool) -> Asked:
    if begins and not sign and len(form) <= SHORT:
        return Asked(entries.BEGINNING + form)
    return Asked(sign + form, begins and len(form) < LONGEST_WORD)


def _is_among(asked: Asked, tokens: Set[str]) -> bool:
    if asked.token in tokens:
        return True
    return asked.begins and any(each.startswith(asked.token) for each in tokens)


Render = Callable[[Query, Scope], str]
RENDERED: dict[str, Render] = {"sqlite": as_fts5, "postgresql": as_tsquery}
