"""What a file wants by itself, before anybody asks what a tenant has: pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailstore.addresses import Address
from mailstore.errors import BadAddress, BadName
from mailstore.moving.values import LONGEST_NAME, MOST_ALIASES, Person
from mailstore.texts import single


class Clash(StrEnum):
    """Why a line is left out, or an alias of it."""

    NO_ADDRESS = "no_address"
    BAD_ADDRESS = "bad_address"
    BAD_NAME = "bad_name"
    TOO_MANY = "too_many"
    TWICE = "twice"
    MAIN_IN_FILE = "main_in_file"
    FOREIGN = "foreign"
    ALIAS_DOMAIN = "alias_domain"
    IS_ALIAS = "is_alias"
    IS_MAIN = "is_main"
    OTHERS = "others"
    FOREIGN_ALIAS = "foreign_alias"
    TAKEN = "taken"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A line that is left out, or in which something is: why, which address, and whose it is."""

    line: int
    clash: Clash
    text: str = ""
    other: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """A line whose addresses and name can be used."""

    person: Person
    main: Address
    aliases: tuple[Address, ...]
    name: str


class Stopped(Exception):
    """A line cannot be used, or a person is not as it says."""

    def __init__(self, clash: Clash, text: str = "", other: str = "") -> None:
        super().__init__(clash)
        self.clash, self.text, self.other = clash, text, other


def wishes_of(people: Sequence[Person]) -> tuple[list[Wish], list[Trouble]]:
    """Return what a file wants, and the lines that say it wrongly or a second time."""
    wishes, troubles = list[Wish](), list[Trouble]()
    for person in people:
        try:
            wishes.append(_wish(person))
        except Stopped as error:
            troubles.append(Trouble(person.line, error.clash, error.text, error.other))
    mains: dict[str, int] = {}
    for wish in wishes:
        mains.setdefault(wish.main.key, wish.person.line)
    once, seen = list[Wish](), dict[str, int]()
    for wish in wishes:
        if trouble := _again(wish, mains, seen):
            troubles.append(trouble)
            continue
        once.append(wish)
        seen |= {alias.key: wish.person.line for alias in wish.aliases}
    return once, sorted(troubles, key=lambda each: each.line)


def _again(wish: Wish, mains: Mapping[str, int], seen: Mapping[str, int]) -> Trouble | None:
    """Return why a line contradicts another of its file, if it does."""
    line = wish.person.line
    if mains[wish.main.key] != line:
        return Trouble(line, Clash.TWICE, str(wish.main), str(mains[wish.main.key]))
    for alias in wish.aliases:
        if alias.key in mains:
            return Trouble(line, Clash.MAIN_IN_FILE, str(alias), str(mains[alias.key]))
        if alias.key in seen:
            return Trouble(line, Clash.TWICE, str(alias), str(seen[alias.key]))
    return None


def _wish(person: Person) -> Wish:
    if not person.main:
        raise Stopped(Clash.NO_ADDRESS)
    if len(person.aliases) > MOST_ALIASES:
        raise Stopped(Clash.TOO_MANY, str(MOST_ALIASES))
    try:
        name = single(person.name, LONGEST_NAME)
    except BadName:
        raise Stopped(Clash.BAD_NAME) from None
    main = _address(person.main)
    aliases = {each.key: each for each in map(_address, person.aliases)}
    aliases.pop(main.key, None)
    return Wish(person, main, tuple(aliases.values()), name)


def _address(text: str) -> Address:
    try:
        address = Address.parse(text)
    except BadAddress:
        raise Stopped(Clash.BAD_ADDRESS, text) from None
    # Programs take what begins with a dash for an option, and what nobody sees misleads people.
    if address.local.startswith(("-", "*")) or not text.isprintable():
        raise Stopped(Clash.BAD_ADDRESS, text)
    return address
