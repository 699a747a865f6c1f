"""An SMTP client that says exactly what a test wants, byte by byte."""

import socket
from typing import Self

CRLF = b"\r\n"
DOT = b".\r\n"
PATIENCE = 20.0
# What some servers take for the end of a mail, and only CRLF.CRLF is (RFC 5321 §4.1.1.4).
TERMINATORS = {
    "LF.LF": b"\n.\n",
    "LF.CRLF": b"\n.\r\n",
    "CRLF.LF": b"\r\n.\n",
    "CR.CR": b"\r.\r",
    "CRLF.CR": b"\r\n.\r",
    "CR.CRLF": b"\r.\r\n",
    "CRLF NUL.CRLF": b"\r\n\0.\r\n",
    "CRLF..CRLF": b"\r\n..\r\n",
}


class Talk:
    """One conversation with a relay; use `with`."""

    def __init__(self, port: int, hello: str = "EHLO client.example") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._file = self._socket.makefile("rb")
        self.greeting = self.hear()
        if hello:
            self.hello = self.say(hello)

    def say(self, line: str | bytes) -> str:
        """Say one command and return the reply."""
        self.send((line.encode() if isinstance(line, str) else line) + CRLF)
        return self.hear()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def hear(self) -> str:
        """Return one reply with all its lines, or what came before the end of it all."""
        lines: list[bytes] = []
        while not lines or lines[-1][3:4] == b"-":
            line = self._file.readline()
            if not line:
                break
            lines.append(line)
        return b"".join(lines).decode().removesuffix("\r\n")

    def begin(self, *recipients: str, sender: str = "bob@there.example") -> list[str]:
        """Say MAIL, RCPT and DATA, and return all replies."""
        paths = [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{each}>" for each in recipients)]
        return [self.say(line) for line in (*paths, "DATA")]

    def mail(self, data: bytes, *recipients: str, sender: str = "bob@there.example") -> str:
        """Send one mail, its dots stuffed already, and return the reply to its end."""
        *_, go_on = self.begin(*recipients, sender=sender)
        assert go_on.startswith("354"), go_on
        self.send(data + DOT)
        return self.hear()

    def half_close(self) -> None:
        """Say that nothing more will come, and go on listening."""
        self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
