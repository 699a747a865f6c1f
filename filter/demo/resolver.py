"""A name server for loopback: the demo, tests and benches never ask a real one.

Every name exists with the records given, or with the default; the rest is NXDOMAIN.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

TTL = 60
Zone = Callable[[str, str], list[str] | None]


class _Answers(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.AA
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        records = self._zone(question.name.to_text(omit_final_dot=True).lower(), kind)
        if records is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif records:
            reply.answer.append(dns.rrset.from_text_list(question.name, TTL, "IN", kind, records))
        self._transport.sendto(reply.to_wire(), addr)


class LoopbackResolver:
    """Runs the name server in a thread; `port` says where."""

    def __init__(self, zone: Zone, port: int = 0) -> None:
        self.port = port
        self._zone = zone
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to answer; returns once it does."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """End."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        transport, _ = self._loop.run_until_complete(
            self._loop.create_datagram_endpoint(
                lambda: _Answers(self._zone), local_addr=("127.0.0.1", self.port)
            )
        )
        self.port = transport.get_extra_info("sockname")[1]
        self._ready.set()
        self._loop.run_forever()
        transport.close()
        # Its socket is closed by the loop, in the next round.
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()
