"""An ESMTP and LMTP client for one next hop: kept open, pipelined (RFC 2920), many mails each.

What the other server says is an outcome, never an exception; only a connection that cannot be
made or breaks is, and then nobody knows what became of the mail in flight: it is tried again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from filter.proof import Demand, Proof
from filter.wire import (
    COMMAND_SECONDS,
    END_SECONDS,
    GO_ON,
    GREETING_SECONDS,
    YES,
    Content,
    DotStuffer,
    Endless,
    Endpoint,
    HopDown,
    Reply,
    Wire,
)
from mailstore.addresses import Address
from mailstore.deliveries import Outcome, Result
from mailstore.errors import BadAddress
from mailstore.routes import Protocol, Route

COMMANDS = 3
NO_TLS = "none"
PIECE = 64 * 1024
TRANSACTION_SECONDS = 1800.0
_OTHER_KEY = {
    Proof.PIN: "the server has another key than the one that is pinned",
    Proof.DANE: "the server has another key than those that DNS names",
}


class Unanswered(HopDown):
    """The whole mail was sent and no reply came: it may have arrived, and is sent once more."""


class NoSender(HopDown):
    """The server refuses an empty sender, so nobody can be asked for."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a next hop is spoken to: by which protocol, under which name, and how safely."""

    hostname: str
    route: Route
    authorities: Path | None = None

    @property
    def hello(self) -> str:
        """The verb that greets (RFC 5321 §4.1.1.1, RFC 2033 §4.1)."""
        return "LHLO" if self.route.protocol is Protocol.LMTP else "EHLO"

    @property
    def demand(self) -> Demand:
        """What its route asks the next hop to prove."""
        return Demand.of(self.route.tls, self.route.pin)


async def connect(endpoints: Sequence[Endpoint], manner: Manner) -> "Connection":
    """Return a greeted connection to the first endpoint that answers, or raise HopDown."""
    said = []
    for endpoint in endpoints:
        try:
            return await Connection(endpoint, manner).open()
        except HopDown as error:
            said.append(f"{endpoint.host}:{endpoint.port}: {error}")
    raise HopDown("; ".join(said) or "no server is named")


class Connection:
    """One connection; use `async with`, or `open` and `close`.

    `tls`: its version, and what proved the server; for people.
    """

    def __init__(self, endpoint: Endpoint, manner: Manner) -> None:
        self.endpoint, self._manner = endpoint, manner
        self._demand = endpoint.demand or manner.demand
        self.tls = NO_TLS
        self._extensions: set[str] = set()
        self._broken = self._opened = False

    async def __aenter__(self) -> Self:
        return self if self._opened else await self.open()

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def open(self) -> Self:
        """Connect, greet and secure, or raise HopDown."""
        await self._reach()
        self._opened = True
        if "STARTTLS" not in self._extensions:
            if self._demand.tls:
                self._wire.close()
                raise HopDown(f"no TLS: the server does not offer STARTTLS{self._by_whom}")
            return self
        try:
            await self._secure()
        except HopDown as error:
            self._wire.abort()
            if self._demand.tls:
                raise HopDown(f"{error}{self._by_whom}") from error
            await self._reach()  # what is opportunistic goes on in plain (RFC 7435)
        return self

    @property
    def _by_whom(self) -> str:
        """Return who asks for what is missing, where that is not the route."""
        return f" ({self._demand.proof} asks for it)" if self._demand.by_domain else ""

    def close(self) -> None:
        """Say QUIT and hang up."""
        self._wire.close(b"QUIT\r\n")

    @property
    def alive(self) -> bool:
        """Whether another mail can be sent: nothing broke, and nobody hung up as far as we know."""
        return not self._broken and self._wire.alive

    async def send(self, sender: str, recipient: str, content: Content) -> Outcome:
        """Send one mail to one recipient; raises HopDown where the connection breaks."""
        refusal = self._cannot_say(sender, recipient) or self._cannot_carry(content)
        if refusal:
            return Outcome(Result.REFUSED, refusal)
        try:
            async with asyncio.timeout(TRANSACTION_SECONDS):
                return await self._transaction(sender, recipient, content)
        except TimeoutError as error:
            self._broken = True
            self._wire.abort()
            raise HopDown("the mail took longer than half an hour") from error
        except BaseException:
            self._broken = True
            raise

    async def ask(self, recipient: str) -> Reply:
        """Return what the server says to a recipient, and send nothing; raises HopDown.

        The sender is empty, as that of a bounce: nobody asks us back whether it exists.
        """
        sender = await self._say("MAIL FROM:<>")
        if sender.kind != YES:
            raise NoSender(f"it takes no mail without a sender: {sender.text}")
        answer = await self._say(f"RCPT TO:<{recipient}>")
        await self._say("RSET")
        return answer

    async def _transaction(self, sender: str, recipient: str, content: Content) -> Outcome:
        replies = await self._begin(sender, recipient)
        refused = next((reply for reply in replies if reply.kind not in (YES, GO_ON)), None)
        if refused is not None:
            await self._take_back(replies)
            return refused.outcome()
        if [reply.kind for reply in replies] != [YES, YES, GO_ON]:
            raise HopDown("the replies do not fit the commands")
        await self._write_content(content)
        try:
            return (await self._wire.reply(END_SECONDS)).outcome()
        except Endless as error:
            # Every line has the code (RFC 5321 §4.2.1): who begins with 250 has the mail.
            self._broken = True
            return error.begun.outcome()
        except HopDown as error:
            raise Unanswered(f"no reply to the whole mail: {error}") from error

    def _cannot_say(self, *addresses: str) -> str:
        """Return a refusal if an address cannot be said to this server, or is none at all."""
        for address in filter(None, addresses):
            try:
                Address.parse(address)
            except BadAddress:
                return f"553 5.1.3 {address!a} is not an address"
            if not address.isascii() and "SMTPUTF8" not in self._extensions:
                return f"553 5.6.7 {address!a} cannot be written to this server"
        return ""

    def _cannot_carry(self, content: Content) -> str:
        # We never write somebody else's mail anew, so it cannot be made 7-bit (RFC 6152 §3).
        if "8BITMIME" in self._extensions or all(chunk.isascii() for chunk in content()):
            return ""
        return "554 5.6.3 the mail has 8-bit characters, and this server takes none"

    async def _reach(self) -> None:
        self._wire = await Wire.to(self.endpoint)
        try:
            _agreed(await self._wire.reply(GREETING_SECONDS))
            await self._greet()
        except HopDown:
            self._wire.close()
            raise

    async def _greet(self) -> None:
        hello = await self._say(f"{self._manner.hello} {self._manner.hostname}")
        if hello.kind != YES and self._manner.hello == "EHLO":
            hello = await self._say(f"HELO {self._manner.hostname}")
        offers = (line.split() for line in _agreed(hello).split("\n")[1:])
        self._extensions = {words[1].upper() for words in offers if len(words) > 1}

    async def _secure(self) -> None:
        answer = await self._say("STARTTLS")
        if answer.kind != YES:
            raise HopDown(f"no TLS: {answer.text}")
        try:
            context = self._demand.context(self._manner.authorities)
        except OSError as error:
            raise HopDown(f"no TLS: TLS_AUTHORITIES cannot be read: {error}") from error
        await self._wire.secure(context, self.endpoint.host)
        if not self._demand.fits(self._wire.certificate):
            raise HopDown(f"no TLS: {_OTHER_KEY[self._demand.proof]}")
        await self._greet()  # what was said in plain does not count (RFC 3207 §4.2)
        self.tls = f"{self._wire.version}, {self._demand.proof}"

    async def _say(self, line: str) -> Reply:
        self._wire.write(f"{line}\r\n".encode())
        return await self._wire.reply(COMMAND_SECONDS)

    async def _begin(self, sender: str, recipient: str) -> list[Reply]:
        """Say MAIL, RCPT and DATA; stops at the first refusal unless they went together."""
        commands = self._commands(sender, recipient)
        together = "PIPELINING" in self._extensions
        if together:
            self._wire.write(b"".join(commands))
        replies: list[Reply] = []
        for command in commands:
            if not together:
                self._wire.write(command)
            replies.append(await self._wire.reply(COMMAND_SECONDS))
            if not together and replies[-1].kind not in (YES, GO_ON):
                break
        return replies

    def _commands(self, sender: str, recipient: str) -> list[bytes]:
        parameters = " BODY=8BITMIME" if "8BITMIME" in self._extensions else ""
        if not (sender + recipient).isascii() and "SMTPUTF8" in self._extensions:
            parameters += " SMTPUTF8"
        lines = (f"MAIL FROM:<{sender}>{parameters}", f"RCPT TO:<{recipient}>", "DATA")
        return [f"{line}\r\n".encode() for line in lines]

    async def _take_back(self, replies: list[Reply]) -> None:
        """Leave a refused transaction; a DATA that was let in all the same ends empty."""
        if len(replies) == COMMANDS and replies[-1].kind == GO_ON:
            self._wire.write(b".\r\n")
            # LMTP answers for each recipient that it took, and it took none (RFC 2033 §4.2).
            if self._manner.route.protocol is not Protocol.LMTP:
                await self._wire.reply(END_SECONDS)
        await self._say("RSET")

    async def _write_content(self, content: Content) -> None:
        # What is short goes in one piece: each write of its own costs as much as 10 KB do.
        stuffed, waiting = DotStuffer(), b""
        try:
            for chunk in content():
                waiting += stuffed.feed(chunk)
                if len(waiting) >= PIECE:
                    self._wire.write(waiting)
                    waiting = b""
                    await self._wire.drain()
        except BaseException:
            # The mail must not end here as if it were whole.
            self._wire.abort()
            raise
        self._wire.write(waiting + stuffed.end())


def _agreed(reply: Reply) -> str:
    """Return the text of a yes; anything else is a HopDown."""
    if reply.kind != YES:
        raise HopDown(reply.text)
    return reply.text
