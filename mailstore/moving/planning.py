"""What a file would change, worked out before anything does: pure functions.

A person is taken with all their addresses or not at all. Only what never comes here anyway, an
alias at somebody else's domain, is left out alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mailstore.addresses import Address
from mailstore.moving.values import Person
from mailstore.moving.wishes import Clash, Stopped, Trouble, Wish

# Each customer of Microsoft has such a domain, which every address is known at as well.
ROUTING = ".onmicrosoft.com"


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
    """What is known of a tenant: its domains, mailboxes, and where addresses lead.

    `whole`: who asks administers all of it. Others change nobody who administers.
    """

    sites: Mapping[str, Site]
    boxes: Mapping[int, Box]
    leads: Mapping[str, int]
    mains: Mapping[str, int]
    whole: bool = True


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


def plan(wishes: Iterable[Wish], here: Here, options: Options) -> Diff:
    """Return what these wishes change, as things are now."""
    diff = Diff()
    for wish in wishes:
        try:
            _add(diff, wish, here, options)
        except Stopped as error:
            diff.clashes.append(Trouble(wish.person.line, error.clash, error.text, error.other))
    return diff


def _add(diff: Diff, wish: Wish, here: Here, options: Options) -> None:
    """Put a wish where it belongs; raises Stopped for a clash."""
    _check_domain(wish.main, here)
    box = _box_at(wish.main, here)
    if box is not None and box.administers and not (options.administrators and here.whole):
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
        raise Stopped(Clash.FOREIGN, str(address))
    if site.alias_of:
        raise Stopped(Clash.ALIAS_DOMAIN, str(address), site.alias_of)


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
    """Return whose main address it is; raises Stopped where it is somebody's alias."""
    found = here.leads.get(main.key)
    if found is None:
        # A mailbox that lost its address lies there switched off, with the mail that is kept.
        asleep = here.mains.get(main.key)
        return None if asleep is None else here.boxes[asleep]
    box = here.boxes[found]
    if box.key != main.key:
        raise Stopped(Clash.IS_ALIAS, str(main), box.address)
    return box


def _check_alias(alias: Address, box: Box | None, here: Here) -> None:
    found = here.leads.get(alias.key)
    if found is None or (box is not None and found == box.id):
        return
    other = here.boxes[found]
    clash = Clash.IS_MAIN if other.key == alias.key else Clash.OTHERS
    raise Stopped(clash, str(alias), other.address)


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
