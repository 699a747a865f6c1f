"""Servers that an authority of the tests proves, or that prove nothing."""

import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests import authority


@dataclass(frozen=True)
class Shown:
    """What a server shows: its side of TLS, and the SHA-256 of its key."""

    context: ssl.SSLContext
    pin: str


class Authority(authority.Authority):
    """Makes servers from the certificates it issues."""

    def server(self, name: str, *, expires_at: datetime | None = None) -> Shown:
        """Return a server whose certificate is signed by this authority."""
        return _shown(self.issue(name, expires_at=expires_at))

    def stranger(self, name: str) -> Shown:
        """Return a server whose authority nobody knows."""
        folder = self.file.parent / "stranger"
        folder.mkdir(exist_ok=True)
        return _shown(authority.Authority(folder, "Nobody").issue(name))


def _shown(pem: Path) -> Shown:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    key = x509.load_pem_x509_certificate(pem.read_bytes()).public_key()
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return Shown(context, digest.finalize().hex())
