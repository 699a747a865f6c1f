"""An SMTP client that begins to speak TLS when a test says so."""

import contextlib
import socket
import ssl

from tests.filter.certificates import a_client
from tests.filter.talk import Talk


class TLSTalk(Talk):
    """A conversation that can go on under TLS; use `with`."""

    def start_tls(self, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        """Say STARTTLS and shake hands; raises ssl.SSLError or OSError."""
        answer = self.say("STARTTLS")
        assert answer.startswith("220"), answer
        return self.shake(context)

    def shake(self, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        """Shake hands and go on under TLS."""
        self._file.close()
        wrapped = (context or a_client()).wrap_socket(self._socket)
        self._socket, self._file = wrapped, wrapped.makefile("rb")
        return wrapped

    def say_no_more(self) -> None:
        """Say that nothing more will come under TLS, and go on listening."""
        self._socket.settimeout(2.0)
        if isinstance(self._socket, ssl.SSLSocket):
            with contextlib.suppress(OSError):
                self._socket.unwrap()

    def reset(self) -> None:
        """Hang up with a reset, as a crash does."""
        self._file.close()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._socket.close()
