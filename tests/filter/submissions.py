"""A relay that people send through, and a client that signs in."""

import base64
from typing import Self

from filter.listening import listen, listeners
from tests.filter.relay import Relay
from tests.filter.scanners.engines import free_port
from tests.filter.talk import Talk
from tests.filter.tls_talk import TLSTalk


def b64(said: str | bytes) -> str:
    """Return what a response of AUTH is on the wire."""
    return base64.b64encode(said.encode() if isinstance(said, str) else said).decode()


def plain(name: str, secret: str, acts_for: str = "") -> str:
    """Return the command that signs in at once."""
    return "AUTH PLAIN " + b64(f"{acts_for}\0{name}\0{secret}")


class Submissions:
    """Both listeners for people, beside a relay and with its intake."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.port = self.tls_port = 0

    async def start(self) -> Self:
        """Listen at two free ports."""
        relay, self.port, self.tls_port = self.relay, free_port(), free_port()
        places = {
            "smtp_listen": "",
            "submission_listen": f"127.0.0.1:{self.port}",
            "submissions_listen": f"127.0.0.1:{self.tls_port}",
        }
        relay.store.settings = relay.store.settings.model_copy(update=places)
        found = listeners(relay.store, relay.intake, relay.gate, relay.sessions)
        self._servers = await listen(relay.store.settings, found)
        return self

    async def stop(self) -> None:
        """Take nobody any more; the relay ends the sessions."""
        for each in self._servers:
            each.close()

    def talk(self) -> TLSTalk:
        """Return a client that has begun to speak TLS, by STARTTLS."""
        talk = TLSTalk(self.port)
        talk.start_tls()
        talk.hello = talk.say("EHLO client.example")
        return talk

    def signed_in(self, name: str, secret: str) -> TLSTalk:
        """Return a client that may send."""
        talk = self.talk()
        said = talk.say(plain(name, secret))
        assert said.startswith("235"), said
        return talk


class TLSFirst(TLSTalk):
    """A client that speaks TLS from its first byte."""

    def __init__(self, port: int) -> None:
        Talk.__init__(self, port, "")

    def hear(self) -> str:
        """Shake hands before anything is heard."""
        if not hasattr(self, "greeting"):
            self.greeting = ""
            self.shake()
        return super().hear()
