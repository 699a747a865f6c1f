"""Certificates that tests make, and handshakes with them."""

import socket
import ssl
import threading
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from mailstore import clock

PATIENCE = 10.0
UNLOCKED = NoEncryption()


def made(
    name: str = "mx.mailhafen.test",
    *,
    expires_at: datetime | None = None,
    lock: KeySerializationEncryption = UNLOCKED,
) -> tuple[bytes, bytes]:
    """Return a self-signed certificate and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signed = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(clock.now() - timedelta(days=1))
        .not_valid_after(expires_at or clock.now() + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
    return signed.public_bytes(Encoding.PEM), pem


def locked(password: bytes) -> tuple[bytes, bytes]:
    """Return a certificate whose key needs a password."""
    return made(lock=BestAvailableEncryption(password))


def write(folder: Path, certificate: bytes, key: bytes) -> tuple[Path, Path]:
    """Write both files and return their paths."""
    paths = folder / "chain.pem", folder / "key.pem"
    for path, content in zip(paths, (certificate, key), strict=True):
        path.write_bytes(content)
    return paths


def a_client(**versions: ssl.TLSVersion) -> ssl.SSLContext:
    """Return a client that takes any certificate, with `minimum_version` and the like."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # Old versions are refused by the level already; the server must be the one that refuses.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    for name, version in versions.items():
        setattr(context, name, version)
    return context


def shake(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[str, str]:
    """Return the name in the certificate that a client is shown, and the TLS version."""
    here, there = socket.socketpair()
    for end in (here, there):
        end.settimeout(PATIENCE)
    thread = threading.Thread(target=_serve, args=(server, here))
    thread.start()
    try:
        with client.wrap_socket(there) as talking:
            shown = x509.load_der_x509_certificate(talking.getpeercert(binary_form=True) or b"")
            return str(shown.subject.rdns[0].rfc4514_string()), talking.version() or ""
    finally:
        there.close()
        thread.join()


def _serve(context: ssl.SSLContext, end: socket.socket) -> None:
    with end:
        try:
            with context.wrap_socket(end, server_side=True) as talking:
                talking.recv(1)
        except OSError:
            pass
