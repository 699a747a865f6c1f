"""The ring that wraps the private keys of the customers' domains; the portal never reads it.

It is another than that of stored mail, so whoever breaks into the portal cannot sign. A wrapped
key fits one domain and one public key: a row that somebody changed signs nothing.
"""

import base64
from typing import Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from mailstore.errors import Misconfigured
from mailstore.schema import RSA_BITS
from mailstore.sending.dkimkeys import Algorithm, DkimKey, Pair
from mailstore.settings import DKIM_RING, SHORTEST_SECRET, Settings, secrets_of


class Ring:
    """The keys that wrap; the first wraps, all unwrap."""

    def __init__(self, keys: list[str]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise Misconfigured(f"{DKIM_RING}: not a list of Fernet keys.") from error

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the ring as the settings or its file have it now; raises Misconfigured."""
        return cls(secrets_of(settings.dkim_ring, settings.data_dir / "dkim_ring", SHORTEST_SECRET))

    def make_pairs(self, domain: str) -> list[Pair]:
        """Return a new key of each algorithm for a domain (RFC 8301 §3.2); takes 0.1 s."""
        rsa = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        der = rsa.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        shown = rsa.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        curve = Ed25519PrivateKey.generate()
        # RFC 8463 §4: the bare 32 bytes, without an envelope.
        bare = curve.public_key().public_bytes_raw()
        return [
            self._pair(Algorithm.RSA, domain, shown, der),
            self._pair(Algorithm.ED25519, domain, bare, curve.private_bytes_raw()),
        ]

    def private(self, key: DkimKey, domain: str) -> bytes:
        """Return what signs: PKCS 8 for RSA, the bare seed for Ed25519; raises Misconfigured."""
        try:
            content = self._fernet.decrypt(key.private)
        except InvalidToken as error:
            raise Misconfigured(f"{DKIM_RING} does not open {key.selector}.") from error
        whose = _whose(domain, key.public)
        if not content.startswith(whose):
            raise Misconfigured(f"The key {key.selector} was made for another domain.")
        return content.removeprefix(whose)

    def _pair(self, algorithm: Algorithm, domain: str, public: bytes, private: bytes) -> Pair:
        shown = base64.b64encode(public).decode()
        wrapped = self._fernet.encrypt(_whose(domain, shown) + private).decode()
        return Pair(algorithm, shown, wrapped)


def _whose(domain: str, public: str) -> bytes:
    return f"{domain} {public}\n".encode()
