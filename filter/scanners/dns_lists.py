"""Lists in DNS (RFC 5782) of addresses, and of domains: off unless the operator names them."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from math import isfinite

import structlog

from filter.dns import Records, Resolver
from filter.rules import dns_lists
from filter.scanners.engine import Question, Unanswered
from mailstore.addresses import parse_domain
from mailstore.envelopes import Symbol
from mailstore.errors import BadName
from mailstore.settings import Settings

log = structlog.get_logger()

ANSWERS = ip_network("127.0.0.0/8")
# How large lists say that we may not ask them, or asked the wrong thing.
COMPLAINTS = ip_network("127.255.255.0/24")
# What a list of each kind must name, and must not (RFC 5782 §5).
ADDRESS_TESTS = ("2.0.0.127", "1.0.0.127")
DOMAIN_TESTS = ("test", "invalid")

Key = Callable[[Question], str]


class DnsList:
    """One list; what it is asked for is a matter of its kind."""

    def __init__(self, zone: str, weight: float, resolver: Resolver, key: Key) -> None:
        self.name = zone
        self._resolver, self._key = resolver, key
        self._symbol = dns_lists.declare(zone, weight)
        self._named, self._unnamed = DOMAIN_TESTS if key is by_sender else ADDRESS_TESTS
        self._ignored = False

    async def ask(self, question: Question) -> Sequence[Symbol]:
        """Return that the sender is listed, with the codes of the list."""
        key = self._key(question)
        if not key:
            return []
        found, wrong = await asyncio.gather(self._lookup(key), self._lookup(self._unnamed))
        refused = any(ip_address(each) in COMPLAINTS for each in found)
        self._note(ignored=bool(wrong) or refused)
        codes = [each for each in found if ip_address(each) in ANSWERS]
        return [Symbol(self._symbol, ", ".join(codes[:5]))] if codes and not self._ignored else []

    async def version(self) -> str:
        """Return that it names what every list names, and nothing that none may name."""
        named, wrong = await asyncio.gather(self._lookup(self._named), self._lookup(self._unnamed))
        if wrong:
            raise Unanswered("it names everybody, and is ignored")
        if not any(ip_address(each) in ANSWERS for each in named):
            raise Unanswered("it does not name its own test entry")
        return "names its test entry"

    async def _lookup(self, key: str) -> Records:
        found = await self._resolver.lookup("A", f"{key}.{self.name}")
        if found is None:
            raise Unanswered("no answer from DNS")
        return found

    def _note(self, *, ignored: bool) -> None:
        """Say it once when a list begins to name everybody or to refuse us, and when it ends."""
        if ignored != self._ignored:
            self._ignored = ignored
            log.warning("dns_list_ignored" if ignored else "dns_list_heeded", zone=self.name)


def named(settings: Settings, resolver: Resolver) -> Iterator[DnsList]:
    """Yield the lists that the settings name; raises BadName."""
    trusted = settings.trusted_networks

    def by_address(question: Question) -> str:
        return _reversed(question.client.ip, trusted)

    for text, key in ((settings.dns_lists, by_address), (settings.dns_domain_lists, by_sender)):
        for entry in filter(None, map(str.strip, text.split(","))):
            zone, _, weight = entry.partition("=")
            yield DnsList(parse_domain(zone), _weight(entry, weight), resolver, key)


def by_sender(question: Question) -> str:
    """Return the domain of the envelope sender, if there is one."""
    return question.sender.domain if question.sender else ""


def _reversed(ip: str, trusted: Sequence[IPv4Network | IPv6Network]) -> str:
    """Return an address as lists spell it (RFC 5782 §2.1, §2.4); nothing for one of our own."""
    address = ip_address(ip)
    if any(address in network for network in trusted):
        return ""
    return address.reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")


def _weight(entry: str, text: str) -> float:
    try:
        weight = float(text) if text else dns_lists.DEFAULT_WEIGHT
    except ValueError:
        weight = 0.0
    if not isfinite(weight) or weight <= 0:
        raise BadName(f"'{entry}' is not ZONE or ZONE=WEIGHT.")
    return weight
