"""A name server on loopback: it knows what a test tells it, counts, and can be ill in many ways."""

import asyncio
from typing import Any, Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset

TTL = 60
MOST_ALIASES = 20
# Instead of records: what a name server may answer, or not at all.
FAILS, ABSENT, SILENT = "SERVFAIL", "NXDOMAIN", ""


class FakeDNS(asyncio.DatagramProtocol):
    """Answers by (kind, name); a name it does not know at all does not exist.

    `turns` says what the next answers to a question are, before `records` does; every answer is
    `late` by so many seconds. Who asks for a name that ends in one of `signed`, and leads nowhere
    else, is told that DNSSEC proves the answer.
    """

    def __init__(self, records: dict[tuple[str, str], list[str]]) -> None:
        self.records = records
        self.turns: dict[tuple[str, str], list[list[str] | str]] = {}
        self.asked: list[tuple[str, str]] = []
        self.signed: tuple[str, ...] = ()
        self.silent = False
        self.failing = False
        self.mistaken = False
        self.late = 0.0
        self.port = 0

    async def start(self) -> Self:
        """Answer, on a free port."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        self.port = transport.get_extra_info("sockname")[1]
        return self

    async def stop(self) -> None:
        """Answer nobody any more."""
        self._transport.close()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, peer: Any) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        name = question.name.to_text(omit_final_dot=True).lower()
        self.asked.append((kind, name))
        told = self._told(kind, name)
        if self.silent or told == SILENT:
            return
        reply = self._reply(query, kind, name, told)
        if self.mistaken:
            reply.id ^= 1
        asyncio.get_running_loop().call_later(self.late, self._send, reply.to_wire(), peer)

    def _told(self, kind: str, name: str) -> list[str] | str | None:
        if self.failing:
            return FAILS
        turns = self.turns.get((kind, name))
        return turns.pop(0) if turns else None

    def _reply(
        self, query: dns.message.Message, kind: str, name: str, told: list[str] | str | None
    ) -> dns.message.Message:
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if isinstance(told, str):
            reply.set_rcode(dns.rcode.from_text(told))
            return reply
        proven = bool(query.flags & dns.flags.AD)
        for _ in range(MOST_ALIASES):
            if not (alias := self.records.get(("CNAME", name))):
                break
            self._add(reply, name, "CNAME", alias)
            proven = proven and name.endswith(self.signed)
            name = alias[0].removesuffix(".")
        if proven and name.endswith(self.signed):
            reply.flags |= dns.flags.AD
        found = self.records.get((kind, name)) if told is None else told
        if found:
            self._add(reply, name, kind, found)
        elif told is None and not any(known == name for _, known in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply

    def _add(self, reply: dns.message.Message, name: str, kind: str, records: list[str]) -> None:
        owner = dns.name.from_text(name)
        reply.answer.append(dns.rrset.from_text_list(owner, TTL, "IN", kind, records))

    def _send(self, reply: bytes, peer: Any) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(reply, peer)
