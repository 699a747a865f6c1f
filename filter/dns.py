"""DNS for one process: cached, bounded in time, and quick to give up on a silent server."""

import asyncio
import time
from ipaddress import ip_address
from typing import Any, NamedTuple

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.nameserver
import dns.rdatatype
import dns.resolver
import structlog

from mailstore.addresses import parse_host_port
from mailstore.settings import Settings

log = structlog.get_logger()

LOOKUP_SECONDS, DOUBT_SECONDS = 5.0, 1.0
DOWN_SECONDS = 30.0
SHORTEST_TTL, LONGEST_TTL = 5, 300
MOST_CACHED = 10_000
DNS_PORT = 53
# NAME: whether there is such a name at all, whatever stands there (RFC 8020).
EXISTS = "NAME"
KINDS = frozenset({"A", "AAAA", "MX", "PTR", "TXT", EXISTS})
MOST_QUESTIONS = 60
MAIL_SECONDS = 20.0

Records = list[Any]


class Answer(NamedTuple):
    """The records of a name, None if unknown now; `proven`: by DNSSEC, their absence too."""

    records: Records | None
    proven: bool = False


UNKNOWN = Answer(None)


class Resolver:
    """Looks names up; None stands for "not known now" (RFC 7208 calls it temperror)."""

    def __init__(self, settings: Settings) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=not settings.dns_servers)
        if settings.dns_servers:
            self._resolver.nameservers = [_server(text) for text in settings.dns_servers.split(",")]
        # Asks whether the answer is proven (RFC 6840 §5.7).
        self._resolver.set_flags(dns.flags.RD | dns.flags.AD)
        self._believed = settings.dnssec_networks
        self._cache: dict[tuple[str, str], tuple[float, Answer]] = {}
        self._down_until = 0.0

    def for_mail(self, seconds: float = MAIL_SECONDS) -> "MailResolver":
        """Return what answers the questions about one mail, within its budget."""
        return MailResolver(self, min(seconds, MAIL_SECONDS))

    async def answer(self, what: Any) -> Records | None:
        """Answer a sandboxed child: [kind, name]."""
        match what:
            case [str(kind), str(name)] if kind in KINDS:
                return await self.lookup(kind, name)
            case _:
                return []

    async def lookup(self, kind: str, name: str) -> Records | None:
        """Return the records of a name, an empty list if there are none, None if unknown now."""
        return (await self.ask(kind, name)).records

    async def ask(self, kind: str, name: str) -> Answer:
        """Return the records of a name, and whether DNSSEC proves them."""
        now = time.monotonic()
        cached = self._cache.get((kind, name))
        if cached and cached[0] > now:
            return cached[1]
        if self._down_until > now:
            return UNKNOWN
        return await self._resolve(kind, name)

    async def _resolve(self, kind: str, name: str) -> Answer:
        asked = "A" if kind == EXISTS else kind
        try:
            found = await self._resolver.resolve(
                name, asked, lifetime=LOOKUP_SECONDS, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            return self._keep(kind, name, SHORTEST_TTL, Answer([]))
        except dns.resolver.NoNameservers:
            return UNKNOWN
        except dns.exception.Timeout:
            await self._doubt()
            return UNKNOWN
        except dns.exception.DNSException:
            return Answer([])  # a name that cannot exist
        proven = self._is_proven(found)
        if found.rrset is None:
            nothing: Records = [name] if kind == EXISTS else []
            return self._keep(kind, name, SHORTEST_TTL, Answer(nothing, proven))
        records = [_plain(asked, record) for record in found]
        return self._keep(kind, name, found.rrset.ttl, Answer(records, proven))

    async def _doubt(self) -> None:
        """Leave a silent name server alone for a while, unless only a stranger's was silent."""
        try:
            await self._resolver.resolve(".", "NS", lifetime=min(DOUBT_SECONDS, LOOKUP_SECONDS))
        except dns.exception.Timeout:
            self._down_until = time.monotonic() + DOWN_SECONDS
            log.warning("dns_silent", seconds=DOWN_SECONDS)
        except dns.exception.DNSException:
            return  # an answer all the same

    def _is_proven(self, found: dns.resolver.Answer) -> bool:
        """Whether a name server whose word counts says that it checked the answer (AD)."""
        if not found.response.flags & dns.flags.AD or found.nameserver is None:
            return False
        server = ip_address(found.nameserver)
        return any(server in network for network in self._believed)

    def _keep(self, kind: str, name: str, ttl: float, answer: Answer) -> Answer:
        if len(self._cache) >= MOST_CACHED:
            self._cache.clear()
        seconds = min(max(ttl, SHORTEST_TTL), LONGEST_TTL)
        self._cache[kind, name] = (time.monotonic() + seconds, answer)
        return answer


class MailResolver:
    """Answers about one mail: the child counts too, but whoever broke into it would not."""

    def __init__(self, resolver: Resolver, seconds: float) -> None:
        self._resolver = resolver
        self._seconds = seconds
        self._asked = 0

    async def answer(self, what: Any) -> Records | None:
        """Answer a sandboxed child; None once the mail asked for too much."""
        if self._asked >= MOST_QUESTIONS or self._seconds <= 0:
            return None
        self._asked += 1
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds):
                return await self._resolver.answer(what)
        except TimeoutError:
            return None
        finally:
            self._seconds -= time.monotonic() - begun


def _server(text: str) -> dns.nameserver.Nameserver:
    host, port = parse_host_port(text) if ":" in text.strip("[]") else (text.strip(), DNS_PORT)
    return dns.nameserver.Do53Nameserver(host, port)


def _plain(kind: str, record: Any) -> Any:
    match kind:
        case "TXT":
            return [piece.decode("latin-1") for piece in record.strings]
        case "MX":
            return [record.preference, record.exchange.to_text(omit_final_dot=True)]
        case "TLSA":
            return [record.usage, record.selector, record.mtype, record.cert]
        case "PTR":
            return record.target.to_text(omit_final_dot=True)
        case _:
            return record.address
