"""A query in the languages of both databases' indexes, and asked of words that are at hand.

Each word stands quoted, and holds letters and digits and one sign of ours: there is nothing in it
that a database could take for anything else.
"""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass

from mailstore.scope import Scope
from mailstore.search import entries
from mailstore.search.grammar import Field, Query, Term
from mailstore.search.words import LONGEST_WORD, SHORT


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing the index keeps, or all that begin with it."""

    token: str
    begins: bool = False


# All of the outer, each as one of the inner; the outermost are what must not all be there.
Choices = tuple[Asked, ...]


def as_fts5(query: Query, scope: Scope) -> str:
    """Return a query of SQLite's index, within what a scope may see."""
    wanted = " AND ".join(f"({_fts5(each)})" for each in _wanted(query, scope))
    unwanted = "".join(
        f" NOT ({' AND '.join(f'({_fts5(each)})' for each in all_of)})"
        for all_of in _unwanted(query, scope)
    )
    return f"({wanted}){unwanted}"


def as_tsquery(query: Query, scope: Scope) -> str:
    """Return a query of PostgreSQL's index, within what a scope may see."""
    wanted = " & ".join(f"({_tsquery(each)})" for each in _wanted(query, scope))
    unwanted = "".join(
        f" & !({' & '.join(f'({_tsquery(each)})' for each in all_of)})"
        for all_of in _unwanted(query, scope)
    )
    return f"({wanted}){unwanted}"


def fits(query: Query, scope: Scope, tokens: Set[str]) -> bool:
    """Whether a mail of a scope with these tokens is found; whose it is, is not asked."""

    def there(choices: Choices) -> bool:
        return any(_is_among(each, tokens) for each in choices)

    return all(map(there, _terms(query, scope))) and not any(
        all(map(there, all_of)) for all_of in _unwanted(query, scope)
    )


def _wanted(query: Query, scope: Scope) -> list[Choices]:
    return [_whose(scope), *_terms(query, scope)]


def _whose(scope: Scope) -> Choices:
    if scope.mailbox_ids is not None:
        return tuple(Asked(entries.mailbox(each)) for each in sorted(scope.mailbox_ids))
    if scope.tenant_id is not None:
        return (Asked(entries.tenant(scope.tenant_id)),)
    return (Asked(entries.EVERY),)


def _terms(query: Query, scope: Scope) -> list[Choices]:
    positive = (term for term in query.terms if not term.negated)
    return [choices for term in positive for choices in _of_term(term, scope)]


def _unwanted(query: Query, scope: Scope) -> list[list[Choices]]:
    return [_of_term(term, scope) for term in query.terms if term.negated]


def _of_term(term: Term, scope: Scope) -> list[Choices]:
    signs = [entries.SIGNS[term.field]]
    if scope.mailbox_ids is None and term.field in (Field.ANYWHERE, Field.TO):
        signs.append(entries.RECIPIENT)
    last = len(term.words) - 1
    return [
        tuple(
            _asked(sign, form, begins=term.begins and at == last)
            for sign in signs
            for form in forms
        )
        for at, forms in enumerate(term.words)
    ]


def _asked(sign: str, form: str, *, begins: bool) -> Asked:
    if begins and not sign and len(form) <= SHORT:
        return Asked(entries.BEGINNING + form)
    return Asked(sign + form, begins and len(form) < LONGEST_WORD)


def _fts5(choices: Iterable[Asked]) -> str:
    return " OR ".join(f'"{each.token}"{" *" if each.begins else ""}' for each in choices)


def _tsquery(choices: Iterable[Asked]) -> str:
    return " | ".join(f"'{each.token}'{':*' if each.begins else ''}" for each in choices)


def _is_among(asked: Asked, tokens: Set[str]) -> bool:
    if asked.token in tokens:
        return True
    return asked.begins and any(each.startswith(asked.token) for each in tokens)


Render = Callable[[Query, Scope], str]
RENDERED: dict[str, Render] = {"sqlite": as_fts5, "postgresql": as_tsquery}
