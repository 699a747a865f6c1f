"""A name server on loopback: it knows what a test tells it, counts, and may be silent."""

import asyncio
from typing import Any, Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

TTL = 60


class FakeDNS(asyncio.DatagramProtocol):
    """Answers by (kind, name); a name it does not know at all does not exist."""

    def __init__(self, records: dict[tuple[str, str], list[str]]) -> None:
        self.records = records
        self.asked: list[tuple[str, str]] = []
        self.silent = False
        self.failing = False
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
        if self.silent:
            return
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if found := self.records.get((kind, name)):
            reply.answer.append(dns.rrset.from_text_list(question.name, TTL, "IN", kind, found))
        elif not any(known == name for _, known in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        if self.failing:
            reply.set_rcode(dns.rcode.SERVFAIL)
        self._transport.sendto(reply.to_wire(), peer)
