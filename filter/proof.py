"""What a next hop must prove before any mail goes to it: nothing, its name, or one of its keys.

What a route or an operator asks for, what the domain itself asks for (MTA-STS, RFC 8461), and what
DNS proves (DANE, RFC 6698) is said in the same way, and checked in one place.
"""

import hashlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailstore.routes import Tls

SHA256 = 1
KEY_OF_SERVER, WHOLE, KEY = 3, 0, 1


class Proof(StrEnum):
    """By what a server is proven."""

    NONE = "not proven"
    CERTIFICATE = "certificate"
    PIN = "pin"
    STS = "MTA-STS"
    DANE = "DANE"


@dataclass(frozen=True, slots=True)
class Association:
    """A certificate or key that is named: what a TLSA record says (RFC 6698 §2.1)."""

    usage: int
    selector: int
    matching: int
    data: bytes

    @property
    def usable(self) -> bool:
        """Whether it can be checked: 3 names the server's own (RFC 7672 §3.1.1).

        2 names one above it, but Python 3.11 tells nobody which those are; 0 and 1 mean nothing
        between mail servers (RFC 7672 §3.1.3).
        """
        known = self.selector in (WHOLE, KEY) and self.matching in _MATCHED
        return self.usage == KEY_OF_SERVER and known

    def fits(self, certificate: bytes) -> bool:
        """Whether it names a certificate (DER)."""
        named = certificate if self.selector == WHOLE else _key_in(certificate)
        return _MATCHED[self.matching](named) == self.data


_MATCHED: dict[int, Callable[[bytes], bytes]] = {
    0: lambda named: named,
    SHA256: lambda named: hashlib.sha256(named).digest(),
    2: lambda named: hashlib.sha512(named).digest(),
}


def _key_in(certificate: bytes) -> bytes:
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return b""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True, slots=True)
class Demand:
    """What must be proven, and by which keys; `tls`: mail waits rather than goes in plain."""

    proof: Proof = Proof.NONE
    tls: bool = False
    keys: tuple[Association, ...] = ()

    @classmethod
    def of(cls, tls: Tls, pin: str) -> Self:
        """Return what a route or an operator asks for."""
        match tls:
            case Tls.MAY:
                return cls()
            case Tls.MUST:
                return cls(Proof.CERTIFICATE, tls=True)
            case Tls.PIN:
                key = Association(KEY_OF_SERVER, KEY, SHA256, bytes.fromhex(pin))
                return cls(Proof.PIN, tls=True, keys=(key,))

    @property
    def by_domain(self) -> bool:
        """Whether the domain itself asks for it."""
        return self.proof in (Proof.STS, Proof.DANE)

    def context(self, authorities: Path | None) -> ssl.SSLContext:
        """Return what a handshake must prove; raises OSError where `authorities` are none."""
        context = ssl.create_default_context(cafile=authorities)
        if self.proof is Proof.STS:
            # What the operator adds proves hosts inside; strangers have what everybody knows.
            context.load_default_certs()
            context.hostname_checks_common_name = False  # RFC 8461 §4.2
        elif self.proof is not Proof.CERTIFICATE:
            # Opportunistic: nobody is proven, as in plain text. Pinned: the key itself is.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def fits(self, certificate: bytes) -> bool:
        """Whether a certificate (DER) is among those that are named, where any must be."""
        return not self.keys or any(key.fits(certificate) for key in self.keys)


# What a policy of MTA-STS asks of a domain's servers, and of the one that publishes it.
BY_POLICY = Demand(Proof.STS, tls=True)
