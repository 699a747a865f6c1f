"""The people of a file: each line by what its columns hold; the sandboxed child's side.

An address may stand with its type before it, as directories write it: `SMTP:` is the main one,
`smtp:` another, and all other types (X500, SIP) are none of mail.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

from mailstore.moving.headings import Role, form_of, plain, roles_of
from mailstore.moving.tables import Line, lines_of
from mailstore.moving.values import MOST_ALIASES, BadFile, Form, Person, Table, Wrong
from mailstore.sandbox_child import Ask
from mailstore.spreadsheets import unquoted

_SHARED = """
shared sharedmailbox groupmailbox roommailbox equipmentmailbox schedulingmailbox teammailbox
publicfolder mailuniversaldistributiongroup mailuniversalsecuritygroup mailnonuniversalgroup
dynamicdistributiongroup geteilt gemeinsam freigegeben gruppe partage partagee boitepartagee
commun commune condivisa condiviso comune gruppo groupe group
"""
# What Exchange keeps for itself.
_INTERNAL = """
discoverymailbox arbitrationmailbox auditlogmailbox auxauditlogmailbox monitoringmailbox
systemmailbox systemattendantmailbox supervisoryreviewpolicymailbox
"""
SHARED, INTERNAL = frozenset(_SHARED.split()), frozenset(_INTERNAL.split())
YES = frozenset(("true", "yes", "ja", "oui", "si", "1", "wahr", "vrai", "vero"))
OFF = frozenset(("false", "no", "nein", "non", "0", "falsch", "faux", "falso", "suspended",
                 "archived", "disabled", "deaktiviert", "off"))  # fmt: skip
ACCOUNT_DISABLED = 2
BARE = (Role.SURNAME, Role.GIVEN, Role.MAIN)
# A plus sign parts addresses only before the type of the next: else it stands in one.
_BETWEEN = re.compile(r"[;,|\s]+|\+(?=[A-Za-z0-9]+:)")
_TYPED = re.compile(r"([A-Za-z][A-Za-z0-9]*):(.*)")
MAIN_TYPE = "SMTP"


def read(_args: object, raw: bytes, _ask: Ask) -> dict[str, Any]:
    """Return the people of a file, or why there are none, as JSON holds it."""
    try:
        table = table_of(raw)
    except BadFile as error:
        return {"wrong": error.why.value}
    people = [each.as_row() for each in table.people]
    return {"form": table.form.value, "people": people, "ignored": list(table.ignored)}


SERVED = {"read": read}


def table_of(raw: bytes) -> Table:
    """Return the people of a file; raises BadFile."""
    lines = lines_of(raw)
    first = next(lines, None)
    if first is None:
        raise BadFile(Wrong.EMPTY)
    if any("@" in cell for cell in first[1]):
        return Table(Form.BARE, _some(_bare(chain((first,), lines))))
    headings = [each.strip() for each in first[1]]
    while headings and not headings[-1]:
        del headings[-1]
    roles = roles_of(headings)
    if not {Role.MAIN, Role.SIGN_IN, Role.ALIASES} & set(roles):
        raise BadFile(Wrong.NO_ADDRESSES)
    said = zip(headings, roles, strict=True)
    ignored = tuple(heading for heading, role in said if heading and role is None)
    return Table(form_of(headings), _some(_named(lines, roles)), ignored)


def _some(people: Iterable[Person]) -> tuple[Person, ...]:
    found = tuple(people)
    if not found:
        raise BadFile(Wrong.NO_TABLE)
    return found


def _bare(lines: Iterable[Line]) -> Iterator[Person]:
    """Yield the people of lines without headings: two names and addresses, or addresses alone."""
    for number, cells in lines:
        known = () if "@" in cells[0] else BARE
        said = {role: [_cell(cell)] for role, cell in zip(known, cells, strict=False)}
        rest = [_cell(each) for each in cells[len(known) :]]
        yield _person(number, said if known else {Role.MAIN: rest[:1]}, rest[not known :])


def _named(lines: Iterable[Line], roles: Sequence[Role | None]) -> Iterator[Person]:
    # Who has more aliases than there are headings goes on to the right.
    beyond = Role.ALIASES if roles[-1] is Role.ALIASES else None
    for number, cells in lines:
        said: dict[Role, list[str]] = {}
        for role, cell in zip(chain(roles, repeat(beyond)), cells, strict=False):
            if role is not None and (text := _cell(cell)):
                said.setdefault(role, []).append(text)
        if plain(_first(said, Role.KIND)) not in INTERNAL:
            yield _person(number, said, said.get(Role.ALIASES, []))


def _person(line: int, said: Mapping[Role, Sequence[str]], others: Sequence[str]) -> Person:
    addresses = [each for text in others for each in addresses_in(text)]
    typed = next((address for kind, address in addresses if kind == MAIN_TYPE), "")
    # A column that is called like one of addresses may be one of streets.
    mains = [each for each in said.get(Role.MAIN, ()) if "@" in each]
    main = typed or next(iter(mains), "") or _first(said, Role.SIGN_IN) or _first(said, Role.MAIN)
    # One more than may be: that there are too many is said with the line.
    aliases = [address for _, address in addresses] + mains[not typed :]
    unlike = dict.fromkeys(each for each in aliases if each.lower() != main.lower())
    return Person(
        line=line,
        main=_address(main),
        name=_name(said),
        aliases=tuple(unlike)[: MOST_ALIASES + 1],
        shared=plain(_first(said, Role.KIND)) in SHARED,
        signs_in=_signs_in(said),
    )


def addresses_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield the addresses of a cell with their types, none of what is no mail."""
    for each in _BETWEEN.split(text.strip("{}[] ")):
        typed = _TYPED.fullmatch(each)
        kind, address = typed.groups() if typed else ("", each)
        if kind.lower() in ("", MAIN_TYPE.lower()) and address.strip("{}<>"):
            yield kind, address.strip("{}<>")


def _address(text: str) -> str:
    return next((address for _, address in addresses_in(text)), "") if ":" in text else text


def _name(said: Mapping[Role, Sequence[str]]) -> str:
    """Return how a person is called: as the file says it whole, or of its two halves."""
    halves = " ".join(filter(None, (_first(said, Role.GIVEN), _first(said, Role.SURNAME))))
    return _first(said, Role.NAME) or halves


def _signs_in(said: Mapping[Role, Sequence[str]]) -> bool:
    flags = _first(said, Role.FLAGS)
    disabled = flags.isdecimal() and bool(int(flags[:9]) & ACCOUNT_DISABLED)
    blocked = plain(_first(said, Role.BLOCKED)) in YES
    return not (disabled or blocked or plain(_first(said, Role.ENABLED)) in OFF)


def _first(said: Mapping[Role, Sequence[str]], role: Role) -> str:
    return next(iter(said.get(role, ())), "")


def _cell(cell: str) -> str:
    """Return a cell on one line, without the sign that keeps a spreadsheet from counting."""
    return unquoted(" ".join(cell.split()))
