"""What clients say to sign in: PLAIN (RFC 4616) and LOGIN, as responses of AUTH (RFC 4954)."""

import base64
import binascii
from dataclasses import dataclass

CANCEL = b"*"
# An empty first response, which would else look like none (RFC 4954 §4).
EMPTY = b"="


class BadResponse(Exception):
    """It cannot be read."""


class Cancelled(Exception):
    """The client does not want to go on."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The name and secret that somebody shows; `acts_for` if it is to act for another one."""

    name: str
    secret: str
    acts_for: str = ""

    @property
    def whole(self) -> bool:
        """Whether there is anything to look at: nobody acts for others here."""
        return bool(self.name and self.secret) and self.acts_for in ("", self.name)


def decoded(response: bytes) -> bytes:
    """Return what a response says; raises Cancelled and BadResponse."""
    if response == CANCEL:
        raise Cancelled
    try:
        return base64.b64decode(response, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadResponse from error


def plain(message: bytes) -> Shown:
    """Return what a message of PLAIN shows: [for whom] NUL name NUL secret, and no NUL else."""
    parts = message.split(b"\0")
    if len(parts) != len(("for whom", "name", "secret")):
        raise BadResponse
    acts_for, name, secret = map(text, parts)
    return Shown(name, secret, acts_for)


def text(said: bytes) -> str:
    """Return a name or a secret as text; raises BadResponse for what no row can hold."""
    if b"\0" in said:
        raise BadResponse
    try:
        return said.decode()
    except UnicodeDecodeError as error:
        raise BadResponse from error
