"""What a file would change, worked out before anything does: pure functions.

`wishes_of` says what a file wants, by itself; `plan` what of it is new to a tenant. A person is
taken with all their addresses or not at all. Only what never comes here anyway, an alias at
somebody else's domain, is left out alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from mailstore.addresses import Address
from mailstore.errors import BadAddress, BadName
from mailstore.moving.values import LONGEST_NAME, MOST_ALIASES, Person
from mailstore.texts import single

# Each customer of Microsoft has such a domain, which every address is known at as well.
ROUTING = ".onmicrosoft.com"


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


@dataclass(frozen=True, slots=True)
class Options:
    """What an administrator chose for a file."""

    accounts: bool = True
    names: bool = True
    administrators: bool = True
    welcome: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """A domain: whose mail comes here, and of which other it is an alias."""

    id: int
    mine: bool
    alias_of: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A mailbox as far as a file may change it."""

    id: int
    address: str
    name: str
    shared: bool
    active: bool
    domain_id: int
    has_account: bool
    administers: bool

    @property
    def key(self) -> str:
        """What its main address is looked up by."""
        return Address.parse(self.address).key


@dataclass(frozen=True, slots=True)
class Here:
    """What is known of a tenant: its domains, mailboxes, and where addresses lead."""

    sites: Mapping[str, Site]
    boxes: Mapping[int, Box]
    leads: Mapping[str, int]
    mains: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done for one person; `box` is their mailbox if there is one already."""

    wish: Wish
    box: Box | None
    claims: tuple[Address, ...] = ()
    name: str | None = None
    shared: bool | None = None
    on: bool = False
    account: bool = False

    @property
    def changes(self) -> bool:
        """Whether anything is to be done."""
        renewed = self.name is not None or self.shared is not None
        return bool(self.box is None or self.claims or renewed or self.on or self.account)


@dataclass(slots=True)
class Diff:
    """What a file changes: people who are new, who get something, and what cannot be."""

    new: list[Step] = field(default_factory=list)
    changed: list[Step] = field(default_factory=list)
    unchanged: int = 0
    spared: int = 0
    clashes: list[Trouble] = field(default_factory=list)
    notes: list[Trouble] = field(default_factory=list)

    @property
    def aliases(self) -> int:
        """How many aliases are new."""
        added = sum(len(each.claims) for each in self.changed)
        return added + sum(len(each.claims) - 1 for each in self.new)


class _Stopped(Exception):
    """A line cannot be used."""

    def __init__(self, clash: Clash, text: str = "", other: str = "") -> None:
        super().__init__(clash)
        self.clash, self.text, self.other = clash, text, other


def wishes_of(people: Sequence[Person]) -> tuple[list[Wish], list[Trouble]]:
    """Return what a file wants, and the lines that say it wrongly or a second time."""
    wishes, troubles = list[Wish](), list[Trouble]()
    for person in people:
        try:
            wishes.append(_wish(person))
        except _Stopped as error:
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
        raise _Stopped(Clash.NO_ADDRESS)
    if len(person.aliases) > MOST_ALIASES:
        raise _Stopped(Clash.TOO_MANY, str(MOST_ALIASES))
    try:
        name = single(person.name, LONGEST_NAME)
    except BadName:
        raise _Stopped(Clash.BAD_NAME) from None
    main = _address(person.main)
    aliases = {each.key: each for each in map(_address, person.aliases)}
    aliases.pop(main.key, None)
    return Wish(person, main, tuple(aliases.values()), name)


def _address(text: str) -> Address:
    try:
        address = Address.parse(text)
    except BadAddress:
        raise _Stopped(Clash.BAD_ADDRESS, text) from None
    # Programs take what begins with a dash for an option; nobody's address does.
    if address.local.startswith(("-", "*")):
        raise _Stopped(Clash.BAD_ADDRESS, text)
    return address


def plan(wishes: Iterable[Wish], here: Here, options: Options) -> Diff:
    """Return what these wishes change, as things are now."""
    diff = Diff()
    for wish in wishes:
        try:
            _add(diff, wish, here, options)
        except _Stopped as error:
            diff.clashes.append(Trouble(wish.person.line, error.clash, error.text, error.other))
    return diff


def _add(diff: Diff, wish: Wish, here: Here, options: Options) -> None:
    """Put a wish where it belongs; raises _Stopped for a clash."""
    _check_domain(wish.main, here)
    box = _box_at(wish.main, here)
    if box is not None and box.administers and not options.administrators:
        diff.spared += 1
        return
    aliases = list(_usable(wish, here, diff.notes))
    for alias in aliases:
        _check_alias(alias, box, here)
    step = _step(wish, aliases, box, here, options)
    if step.box is None:
        diff.new.append(step)
    elif step.changes:
        diff.changed.append(step)
    else:
        diff.unchanged += 1


def _check_domain(address: Address, here: Here) -> None:
    site = here.sites.get(address.domain)
    if site is None or not site.mine:
        raise _Stopped(Clash.FOREIGN, str(address))
    if site.alias_of:
        raise _Stopped(Clash.ALIAS_DOMAIN, str(address), site.alias_of)


def _usable(wish: Wish, here: Here, notes: list[Trouble]) -> Iterator[Address]:
    """Yield the aliases that mail comes here for; of the others only what people wonder at."""
    own = {wish.main.key, *(each.key for each in wish.aliases)}
    for alias in wish.aliases:
        site = here.sites.get(alias.domain)
        if site is None:
            if not alias.domain.endswith(ROUTING):
                notes.append(Trouble(wish.person.line, Clash.FOREIGN_ALIAS, str(alias)))
        elif site.alias_of and Address(alias.local, site.alias_of).key in own:
            # Mail to an alias domain goes to the same people by itself.
            continue
        else:
            _check_domain(alias, here)
            yield alias


def _box_at(main: Address, here: Here) -> Box | None:
    """Return whose main address it is; raises _Stopped where it is somebody's alias."""
    found = here.leads.get(main.key)
    if found is None:
        # A mailbox that lost its address lies there switched off, with the mail that is kept.
        asleep = here.mains.get(main.key)
        return None if asleep is None else here.boxes[asleep]
    box = here.boxes[found]
    if box.key != main.key:
        raise _Stopped(Clash.IS_ALIAS, str(main), box.address)
    return box


def _check_alias(alias: Address, box: Box | None, here: Here) -> None:
    found = here.leads.get(alias.key)
    if found is None or (box is not None and found == box.id):
        return
    other = here.boxes[found]
    clash = Clash.IS_MAIN if other.key == alias.key else Clash.OTHERS
    raise _Stopped(clash, str(alias), other.address)


def _step(
    wish: Wish, aliases: Sequence[Address], box: Box | None, here: Here, options: Options
) -> Step:
    wanted = (wish.main, *aliases)
    signs_in = options.accounts and not wish.person.shared and wish.person.signs_in
    if box is None:
        return Step(wish, None, wanted, wish.name, wish.person.shared, account=signs_in)
    claims = tuple(each for each in wanted if each.key not in here.leads)
    renamed = options.names and wish.name not in ("", box.name)
    return Step(
        wish=wish,
        box=box,
        claims=claims,
        name=wish.name if renamed else None,
        shared=wish.person.shared if wish.person.shared != box.shared else None,
        on=not box.active,
        account=signs_in and not box.has_account,
    )


def missing(wishes: Iterable[Wish], people: Iterable[Person], here: Here) -> list[Box]:
    """Return the mailboxes of ours that no line names, of the domains that the file is about.

    Nobody who administers is among them: they could not take it back.
    """
    named = {each.lower() for person in people for each in (person.main, *person.aliases)}
    about = {here.sites[each.main.domain].id for each in wishes if each.main.domain in here.sites}
    mine = {site.id for site in here.sites.values() if site.mine} & about
    return [
        box
        for box in here.boxes.values()
        if box.active and box.domain_id in mine and not box.administers and box.key not in named
    ]
