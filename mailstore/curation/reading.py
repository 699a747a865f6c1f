"""Lists of other filters, as they write them: what each line wants, or why it can be no entry.

Read are addresses and domains one a line (Proxmox, rspamd), access maps of Postfix and sendmail,
lines of SpamAssassin, tables with and without headings, and what we write ourselves.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from itertools import islice

from mailstore import listfiles
from mailstore.curation.findings import Unusable
from mailstore.errors import BadName
from mailstore.hosts import numeric
from mailstore.patterns import read_pattern
from mailstore.senders import Listed, Wish
from mailstore.spreadsheets import unquoted

MOST_LINES = 20_000
LONGEST = 320
_ALLOWED = "allowed allow ok accept permit relay whitelist welcomelist pass trusted white erlaubt"
_BLOCKED = "blocked block reject deny discard error blacklist blocklist drop spam black gesperrt"
DEEDS = {
    **dict.fromkeys(_ALLOWED.split(), Listed.ALLOWED),
    **dict.fromkeys(_BLOCKED.split(), Listed.BLOCKED),
    "untagged": Listed.UNTAGGED,
}
# What SpamAssassin calls them; one that names a host behind it says no more of who writes.
_ASSASSIN = re.compile(r"(?i)(?:def_)?(white|welcome|black|block|un\w+)list_(?:from\w*|auth)$")
_SENDERS = (
    "sender address email e-mail mail from pattern entry value domain adresse absender domäne "
    "expéditeur domaine mittente indirizzo dominio"
)
_LISTS = "list action type kind listed typ aktion liste lista azione tipo"
_SENDER, _LIST = frozenset(_SENDERS.split()), frozenset(_LISTS.split())
_BETWEEN = ("\t", ";", ",")
_EXPRESSION = re.compile(r"[\\^$|()\[\]{}]|^[/~]")
_REPLY = re.compile(r"[45]\d\d")
_ANGLE = re.compile(r"<([^<>\s]+@[^<>\s]+)>")


class TooManyEntries(BadName):
    """A file holds more than anybody looks through."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file, and what it wants or why it cannot be used.

    `below`: its writer meant the domains below the named one.
    """

    number: int
    text: str
    wish: Wish | None = None
    why: Unusable | None = None
    below: bool = False


def read(text: str, otherwise: Listed) -> list[Line]:
    """Return what each line of a list wants; one that says nothing of it is meant `otherwise`.

    Comments and empty lines are left out. Raises TooManyEntries.
    """
    lines = text.lstrip("\ufeff").splitlines()
    found = list(islice(_found(lines, otherwise), MOST_LINES + 1))
    if len(found) > MOST_LINES:
        raise TooManyEntries(f"The file has more than {MOST_LINES} entries.")
    return found


def pattern_of(token: str) -> tuple[str, bool]:
    """Return what an entry keeps of an address or domain, and whether domains below it were meant.

    Raises BadName; its first argument is an Unusable.
    """
    name = token.strip().strip("\"'").lower().removeprefix("from:").removeprefix("mailto:")
    if angled := _ANGLE.search(name):
        name = angled[1]
    if _is_network(name):
        raise BadName(Unusable.NETWORK)
    if _EXPRESSION.search(name):
        raise BadName(Unusable.EXPRESSION)
    name = name.removeprefix("*@").removeprefix("@")
    bare = name.removeprefix("*").removeprefix(".")
    below = bare != name
    if "*" in bare or "?" in bare:
        raise BadName(Unusable.WILDCARD)
    if "@" not in bare and "." not in bare.strip("."):
        raise BadName(Unusable.EVERYBODY if below else Unusable.UNREADABLE)
    try:
        return read_pattern(bare), below
    except BadName as error:
        raise BadName(Unusable.UNREADABLE) from error


def _found(lines: Sequence[str], otherwise: Listed) -> Iterator[Line]:
    first = next((number for number, each in enumerate(lines) if each.strip()), 0)
    head = lines[first] if lines else ""
    between = next((each for each in (*_BETWEEN, "") if _columns(head, each)), None)
    if between is not None:
        yield from _table(lines, first, between, otherwise)
        return
    for number, line in enumerate(lines, 1):
        yield from _lines(number, line, otherwise)


def _is_network(name: str) -> bool:
    try:
        ip_network(name.strip("[]"), strict=False)
    except ValueError:
        return numeric(name)
    return True


def _columns(head: str, between: str) -> bool:
    """Whether a line names columns, one of which is the sender's."""
    cells = {each.casefold() for each in _cells(head, between)}
    return bool(cells & _SENDER) and not any("@" in each or "." in each for each in cells)


def _cells(line: str, between: str) -> list[str]:
    if not between:
        return [line.strip()]
    # A huge cell is no list of ours.
    try:
        row = next(csv.reader([line], delimiter=between), [])
    except csv.Error:
        row = []
    return [unquoted(each) for each in row]


def _table(lines: Sequence[str], first: int, between: str, otherwise: Listed) -> Iterator[Line]:
    names = [each.casefold() for each in _cells(lines[first], between)]
    for number, line in enumerate(lines[first + 1 :], first + 2):
        row = dict(zip(names, _cells(line, between), strict=False))
        sender = next((row[each] for each in names if each in _SENDER and row.get(each)), "")
        deed = next((row[each] for each in names if each in _LIST and row.get(each)), "")
        if sender:
            yield _line(number, line, sender, _listed(deed, otherwise), row)


def _lines(number: int, line: str, otherwise: Listed) -> Iterator[Line]:
    """Yield what a line without columns wants; SpamAssassin names several senders in one."""
    bare = re.sub(r"\s[#;].*", "", line).strip()
    if not bare or bare[0] in "#;":
        return
    first, *rest = bare.split()
    if assassin := _ASSASSIN.fullmatch(first):
        kind = Listed.ALLOWED if assassin[1].lower() in ("white", "welcome") else Listed.BLOCKED
        named = rest[:1] if first.lower().endswith(("_rcvd", "_dkim", "_spf")) else rest
        listed = None if assassin[1].lower().startswith("un") else kind
        yield from (_line(number, each, each, listed) for each in named)
        return
    deed, between = rest[0] if rest else "", next((each for each in _BETWEEN if each in bare), "")
    if between and not _means_deed(deed):
        yield _row(number, bare, _cells(bare, between), otherwise)
    elif "<" in bare:
        yield _line(number, bare, bare, otherwise)
    else:
        yield _line(number, bare, first, _listed(deed, otherwise))


def _row(number: int, text: str, cells: Sequence[str], otherwise: Listed) -> Line:
    """Return what the cells of a row without headings want: a sender, and perhaps a deed."""
    deeds = [DEEDS[each.casefold()] for each in cells if each.casefold() in DEEDS]
    named = [each for each in cells if each.casefold() not in DEEDS]
    sender = next((each for each in named if "@" in each or "." in each), named[0] if named else "")
    return _line(number, text, sender, deeds[0] if deeds else otherwise)


def _means_deed(word: str) -> bool:
    return word.casefold() in DEEDS or bool(_REPLY.fullmatch(word))


def _listed(deed: str, otherwise: Listed) -> Listed | None:
    """Return which list a word means; None if it means something else."""
    word = deed.strip(":").casefold()
    if not word:
        return otherwise
    return Listed.BLOCKED if _REPLY.fullmatch(word) else DEEDS.get(word)


def _line(
    number: int, text: str, sender: str, listed: Listed | None, row: dict[str, str] | None = None
) -> Line:
    text = text.strip()[:LONGEST]
    try:
        pattern, below = pattern_of(sender)
        proof, end = _proof(row or {}), _end(row or {})
    except BadName as error:
        return Line(number, text, why=Unusable(error.args[0]))
    if listed is None:
        return Line(number, text, why=Unusable.DEED)
    return Line(number, text, Wish(listed, pattern, proof, expires_at=end), below=below)


def _proof(row: dict[str, str]) -> str | None:
    try:
        return listfiles.proof_of(row.get("proof", ""))
    except BadName as error:
        raise BadName(Unusable.PROOF) from error


def _end(row: dict[str, str]) -> datetime | None:
    try:
        return listfiles.end_of(row.get("expires", ""))
    except BadName as error:
        raise BadName(Unusable.END) from error
