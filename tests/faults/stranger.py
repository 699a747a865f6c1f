"""One hostile conversation with the relay, and what is wrong with what was heard in it."""

import contextlib
import re
import socket
import ssl
import struct
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.faults.noise import MOST_WAITS, SENDER, Ending, Script, State
from tests.filter.certificates import a_client

PATIENCE = 5.0
# After STARTTLS within the noise the relay waits for a handshake that never comes.
SHORT = 0.2
# RFC 5321 §4.2: the text of a reply is printable ASCII; §4.5.3.1.5: 512 bytes with its end.
REPLY_LINE = re.compile(rb"[2-5][0-9]{2}(?:(?P<more>-)|(?= |\r))[\t -~]{0,507}\r\n")
TAKEN = re.compile(rb"(?m)^250 2\.6\.0 Taken as ([0-9a-f]+)\r$")
END_OF_MAIL = re.compile(rb"(?=\r\n\.\r\n)")
CLAIM = re.compile(rb"(?i)XCLIENT|PROXY|QUIT\n")
# XCLIENT is answered with a 220 too, which is no invitation to TLS.
READY_FOR_TLS = re.compile(rb"(?m)(?<=\n)220 [^\n]*TLS[^\n]*\n")
POLITE = {
    State.MAIL: [b"MAIL FROM:<%b>" % SENDER],
    State.RCPT: [b"MAIL FROM:<%b>" % SENDER, b"RCPT TO:<%b>"],
    State.DATA: [b"MAIL FROM:<%b>" % SENDER, b"RCPT TO:<%b>", b"DATA"],
}
TAIL = b"\r\n.\r\nRSET\r\nQUIT\r\n"


@dataclass(slots=True)
class Heard:
    """What was sent and heard; whole if the relay closed in order and we listened to the end."""

    script: Script
    ip: str
    sent: bytes = b""
    replies: bytes = b""
    whole: bool = False
    troubles: list[str] = field(default_factory=list)

    @property
    def promised(self) -> set[str]:
        """The ids of the mails that were answered 250."""
        return {found.decode() for found in TAKEN.findall(self.replies)}

    @property
    def codes(self) -> Counter[str]:
        """How often each code came."""
        lines = re.findall(rb"(?m)^([2-5][0-9]{2}) ", self.replies)
        return Counter(code.decode() for code in lines)

    @property
    def may_have_claimed(self) -> bool:
        """Whether a mail that nobody was promised may be here under another address."""
        return not self.whole and CLAIM.search(self.sent) is not None

    def wrong(self) -> Iterator[str]:
        """Yield what no relay may do."""
        yield from self.troubles
        yield from malformed(self.replies, whole=self.whole)
        if len(self.promised) > len(re.findall(rb"(?m)^354 ", self.replies)):
            yield "more mails were taken than begun"

    def wrong_rows(self, stored: set[str]) -> Iterator[str]:
        """Yield what may not be stored, or must be."""
        if lost := self.promised - stored:
            yield f"{len(lost)} mails were answered 250 and are not stored"
        if self.whole and (extra := stored - self.promised):
            yield f"{len(extra)} mails are stored and were not answered 250"
        ends = len(END_OF_MAIL.findall(self.sent))
        if len(stored) > (ends if self.script.most is None else self.script.most):
            yield f"{len(stored)} mails are stored, more than were sent"


def malformed(replies: bytes, *, whole: bool) -> Iterator[str]:
    """Yield the first line that is no line of a reply, and a reply that does not end."""
    at, open_code = 0, b""
    while at < len(replies):
        line = REPLY_LINE.match(replies, at)
        cut = not whole and b"\n" not in replies[at:]
        if cut and line is None:
            return
        if line is None or (open_code and line[0][:3] != open_code):
            yield f"malformed reply {replies[at : at + 80]!r}"
            return
        open_code = line[0][:3] if line["more"] else b""
        at = line.end()
    if whole and open_code:
        yield "a reply has no last line"


def converse(script: Script, port: int, ip: str, recipient: str) -> Heard:
    """Follow a script from a loopback address of its own."""
    heard = Heard(script, ip)
    link = socket.create_connection(("127.0.0.1", port), PATIENCE, source_address=(ip, 0))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    visit = _Visit(link, heard, recipient)
    try:
        visit.run()
    except TimeoutError:
        heard.troubles.append(f"silent for {PATIENCE} s in {visit.doing}")
    except OSError:
        pass  # The relay closed, which is its right.
    finally:
        visit.link.close()
    return heard


class _Visit:
    def __init__(self, link: socket.socket, heard: Heard, recipient: str) -> None:
        self.link, self.heard, self.doing = link, heard, "greeting"
        self._recipient, self._cut = recipient.encode(), False

    def run(self) -> None:
        script = self.heard.script
        if script.state is not State.EARLY:
            self._hear()
        self._be_polite(script.state)
        try:
            self.doing, waits = "noise", 0
            for pause, piece in zip(script.pauses, script.pieces, strict=True):
                time.sleep(pause)
                self._say(piece)
                if piece.upper().endswith(b"DATA\r\n") and waits < MOST_WAITS:
                    waits += 1
                    self._wait_for_leave_to_go_on()
            self._leave(script.ending)
        except (BrokenPipeError, ConnectionResetError):
            # It closed while we were talking, and the reset may have overtaken what it said.
            self._cut = True
        if script.ending in {Ending.QUIT, Ending.HALF}:
            self.doing = f"ending: {script.ending}"
            self._hear_all()

    def _be_polite(self, state: State) -> None:
        if state in {State.EARLY, State.NEW}:
            return
        offer = self._ask(b"EHLO stranger.example")
        if state is State.TLS and b"STARTTLS" in offer:
            self._start_tls()
        for line in POLITE.get(state, []):
            self._ask(line.replace(b"%b", self._recipient))

    def _start_tls(self) -> None:
        self.doing = "STARTTLS"
        # What is glued to it must not run (RFC 3207 §4.2).
        if not self._ask(b"STARTTLS\r\nRSET").startswith(b"220"):
            return
        try:
            self.link = a_client().wrap_socket(self.link)
        except ssl.SSLError as error:
            self.heard.troubles.append(f"no handshake: {error.reason}")
            raise
        if not self._ask(b"EHLO stranger.example").startswith(b"250-"):
            self.heard.troubles.append("a command from before TLS ran after it")

    def _ask(self, line: bytes) -> bytes:
        self._say(line + b"\r\n")
        return self._hear()

    def _say(self, data: bytes) -> None:
        self.heard.sent += data
        self.link.sendall(data)

    def _hear(self) -> bytes:
        """Return one reply."""
        reply = b""
        while not re.search(rb"(?m)^\d{3} [^\n]*\n\Z", reply):
            came = self.link.recv(4096)
            if not came:
                raise ConnectionResetError
            reply += came
            self.heard.replies += came
        return reply

    def _wait_for_leave_to_go_on(self) -> None:
        """Hear until 354, or until it is quiet: noise goes on whatever was answered."""
        came = b""
        self.link.settimeout(SHORT)
        with contextlib.suppress(TimeoutError):
            while not re.search(rb"(?m)^354 ", came) and (more := self.link.recv(65_536)):
                came += more
                self.heard.replies += more
        self.link.settimeout(PATIENCE)

    def _leave(self, ending: Ending) -> None:
        match ending:
            case Ending.HALF if not isinstance(self.link, ssl.SSLSocket):
                self.link.shutdown(socket.SHUT_WR)
            case Ending.QUIT | Ending.HALF if self.heard.script.most is None:
                self._say(TAIL)
            case Ending.RESET:
                linger = struct.pack("ii", 1, 0)
                self.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def _hear_all(self) -> None:
        asked_for_tls = b"STARTTLS" in self.heard.script.noise.upper()
        self.link.settimeout(SHORT if asked_for_tls else PATIENCE)
        try:
            while came := self.link.recv(65_536):
                self.heard.replies += came
        except TimeoutError:
            if not asked_for_tls:
                raise
            return
        finally:
            self._forget_tls()
        self.heard.whole = not (asked_for_tls or self._cut)

    def _forget_tls(self) -> None:
        """Drop what came after the relay began to wait for a handshake: it is TLS, not replies."""
        if isinstance(self.link, ssl.SSLSocket):
            return
        if ready := READY_FOR_TLS.search(self.heard.replies):
            self.heard.replies = self.heard.replies[: ready.end()]
