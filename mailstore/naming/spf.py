"""What is wrong with the SPF record of a domain (RFC 7208), told from the texts of records."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from ipaddress import ip_address, ip_network
from itertools import islice

from mailstore.naming.faults import Fault
from mailstore.naming.findings import Finding, Record, Said, unanswered

VERSION = "v=spf1"
# RFC 7208 §4.6.4: beyond this the record counts as broken.
MOST_LOOKUPS = 10
MOST_COUNTED = 100
MOST_NAMES = 40
_TERM = re.compile(r"([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?:[:/](.*))?", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][\w.-]*)=(.*)", re.IGNORECASE)
_ASKS = {"include", "a", "mx", "ptr", "exists", "redirect"}
_LEADS = {"include", "redirect"}

Tree = Mapping[str, Sequence[str] | None]
Term = tuple[str, str, str]


def records_in(texts: Sequence[str]) -> list[str]:
    """Return those of a name's text records that are of SPF (RFC 7208 §4.5)."""
    return [each for each in texts if f"{each.lower()} ".startswith(f"{VERSION} ")]


def terms_of(record: str) -> Iterator[Term]:
    """Yield sign, name and value of each term; the name is empty for what is none."""
    for word in record.split()[1:]:
        if found := _TERM.fullmatch(word):
            yield found[1] or "+", found[2].lower(), (found[3] or "").lower()
        elif modifier := _MODIFIER.fullmatch(word):
            yield "", modifier[1].lower(), modifier[2].lower()
        else:
            yield "", "", word


def leads_to(texts: Sequence[str]) -> list[str]:
    """Return the names whose records count for this one; what depends on a mail is left out."""
    return [value.rstrip(".") for record in records_in(texts)
            for _, name, value in terms_of(record)
            if name in _LEADS and "%" not in value and value]  # fmt: skip


def wanted(record: str, ours: Sequence[str]) -> str:
    """Return the record as it should be: with us, and closed only where it was closed before."""
    if not record:
        return " ".join([VERSION, *ours, "~all"])
    words = record.split()[1:]
    kept = [word for word in words if word.lower().lstrip("+?~-") != "all"]
    added = [each for each in ours if each not in {word.lower() for word in kept}]
    if any(word.lower().startswith("redirect=") for word in kept):
        return " ".join([VERSION, *added, *kept])
    # Who else may send is known to nobody here: only what was closed is closed.
    end = "-all" if "-all" in map(str.lower, words) else "~all"
    return " ".join([VERSION, *added, *kept, end])


def judge(domain: str, ours: Sequence[str], texts: Sequence[str] | None, tree: Tree) -> Finding:
    """Return what is wrong with a domain's record; `ours` are the terms that let us send.

    `tree` has the text records of all names that the record leads to.
    """
    if texts is None:
        return unanswered(Record.SPF, domain, (wanted("", ours),))
    found = records_in(texts)
    record = found[0] if found else ""
    proposed = (wanted(record, ours),)
    if len(found) != 1:
        fault = Fault.SPF_SEVERAL if found else Fault.SPF_NONE
        return Finding(Record.SPF, domain, proposed, tuple(found), (Said(fault),))
    said = tuple(_faults(record, ours, {domain: texts, **tree}, domain))
    return Finding(Record.SPF, domain, proposed if said else (record,), tuple(found), said)


def _faults(record: str, ours: Sequence[str], tree: Tree, domain: str) -> Iterator[Said]:
    terms = list(terms_of(record))
    if unknown := next((value for _, name, value in terms if not name), ""):
        yield Said(Fault.SPF_BROKEN, {"term": unknown})
    dead = [name for name in leads_to([record]) if name in tree and not _has_record(tree[name])]
    if dead:
        yield Said(Fault.SPF_DEAD, {"name": dead[0]})
    if not _lets_in(ours, domain, tree):
        yield Said(Fault.SPF_WITHOUT_US, {"ours": " ".join(ours)})
    if (count := lookups(domain, tree)) > MOST_LOOKUPS:
        yield Said(Fault.SPF_LOOKUPS, {"count": count})
    yield from _ends(terms)
    names = {name for _, name, _ in terms}
    if "mx" in names:
        yield Said(Fault.SPF_MX)
    if "ptr" in names:
        yield Said(Fault.SPF_PTR)


def _has_record(texts: Sequence[str] | None) -> bool:
    # What is not known now is not said to be dead.
    return texts is None or bool(records_in(texts))


def _ends(terms: Sequence[Term]) -> Iterator[Said]:
    signs = [sign for sign, name, _ in terms if name == "all"]
    if not signs and any(name == "redirect" for _, name, _ in terms):
        return
    match signs[0] if signs else "?":
        case "+":
            yield Said(Fault.SPF_OPEN)
        case "?":
            yield Said(Fault.SPF_NEUTRAL)
        case "~":
            yield Said(Fault.SPF_SOFT)


def lookups(domain: str, tree: Tree) -> int:
    """Return how many questions to DNS a record takes with all that it leads to, up to a bound."""
    # Records that lead to one another could be asked for without an end.
    return sum(1 for _ in islice(_asked(domain, tree, ()), MOST_COUNTED))


def _asked(domain: str, tree: Tree, within: Collection[str]) -> Iterator[str]:
    for record in records_in(tree.get(domain) or ())[:1]:
        for _, name, value in terms_of(record):
            target = value.rstrip(".")
            if name in _ASKS:
                yield name
            if name in _LEADS and target not in (domain, *within):
                yield from _asked(target, tree, (*within, domain))


def _lets_in(ours: Sequence[str], domain: str, tree: Tree) -> bool:
    """Whether the terms that let us send stand in the record, or in one that it leads to."""
    terms, waiting, known = set(), [domain], {domain}
    while waiting:
        for record in records_in(tree.get(waiting.pop()) or ())[:1]:
            for sign, name, value in terms_of(record):
                if sign not in ("+", ""):
                    continue
                terms.add((name, value))
                target = value.rstrip(".")
                if name in _LEADS and target not in known:
                    known.add(target)
                    waiting.append(target)
    return all(_is_in(each, terms) for each in ours)


def _is_in(term: str, terms: Collection[tuple[str, str]]) -> bool:
    name, _, value = term.lower().partition(":")
    if (name, value) in terms:
        return True
    if name not in ("ip4", "ip6"):
        return False
    return any(_within(value, other) for kind, other in terms if kind == name)


def _within(address: str, network: str) -> bool:
    try:
        return ip_address(address) in ip_network(network, strict=False)
    except ValueError:
        return False
