"""What a server's certificate says of itself, for people."""

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LONGEST = 200


def facts_of(der: bytes) -> tuple[dict[str, str], datetime | None]:
    """Return who a certificate names, by whom, until when and its key, and its end.

    Nothing where it cannot be read: it comes from a stranger.
    """
    try:
        found = x509.load_der_x509_certificate(der)
        ends = found.not_valid_after_utc
        facts = {
            "names": ", ".join(_names(found))[:LONGEST],
            "issuer": found.issuer.rfc4514_string()[:LONGEST],
            "ends": f"{ends:%Y-%m-%d}",
            "pin": _pin(found),
        }
    except (ValueError, x509.DuplicateExtension):
        return {}, None
    return facts, ends


def _names(found: x509.Certificate) -> list[str]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [found.subject.rfc4514_string()]
    return [
        *names.get_values_for_type(x509.DNSName),
        *map(str, names.get_values_for_type(x509.IPAddress)),
    ]


def _pin(found: x509.Certificate) -> str:
    key = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = Hash(SHA256())
    digest.update(key)
    return digest.finalize().hex()
