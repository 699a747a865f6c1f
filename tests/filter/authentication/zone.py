"""Names and keys that tests of authentication publish, and mail signed with them."""

import base64
from collections.abc import Mapping
from functools import cache
from typing import Any

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from mailstore.envelopes import Client

CLIENT = Client("192.0.2.7", "mail.there.example")
BOB = "bob@there.example"


class Zone:
    """Answers like the parent of a sandboxed child; None stands for silence."""

    def __init__(self, records: Mapping[tuple[str, str], Any]) -> None:
        self.records = records
        self.asked: list[tuple[str, str]] = []

    def __call__(self, what: Any) -> Any:
        kind, name = what
        self.asked.append((kind, name.lower().rstrip(".")))
        return self.records.get(self.asked[-1], [])


def spf(*words: str, name: str = "there.example") -> dict[tuple[str, str], Any]:
    return {("TXT", name): [["v=spf1 " + " ".join(words)]]}


def dmarc(text: str, name: str = "there.example") -> dict[tuple[str, str], Any]:
    return {("TXT", f"_dmarc.{name}"): [[f"v=DMARC1; {text}"]]}


@cache
def a_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def as_pem(key: RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def published(
    domain: str = "there.example", *, tags: str = "", selector: str = "s1"
) -> dict[tuple[str, str], Any]:
    """Return the record of a key, in strings of 200 characters."""
    point = a_key().public_key()
    der = point.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    text = f"v=DKIM1; k=rsa; {tags}p={base64.b64encode(der).decode()}"
    pieces = [text[at : at + 200] for at in range(0, len(text), 200)]
    return {("TXT", f"{selector}._domainkey.{domain}"): [pieces]}


def signed(raw: bytes, domain: str = "there.example", **how: Any) -> bytes:
    """Return a mail under a DKIM signature; `how` is passed on to dkimpy."""
    key = as_pem(a_key())
    selector = how.pop("selector", "s1").encode()
    made: bytes = dkim.sign(raw, selector, domain.encode(), key, **how)
    return made + raw
