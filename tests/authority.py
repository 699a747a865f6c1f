"""A certificate authority of the tests' own, for servers whose names are proven."""

from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from mailstore import clock

LATER = timedelta(days=90)


class Authority:
    """Issues certificates; `file` is what proves them."""

    def __init__(self, folder: Path, name: str = "Authority of the tests") -> None:
        self._folder, self._name = folder, _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / "authority.pem"
        made = (
            self._begin(self._name, self._key, clock.now() + LATER)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_may_sign(), critical=True)
        )
        self.file.write_bytes(self._sign(made))

    def issue(self, name: str, *, expires_at: datetime | None = None) -> Path:
        """Return a file with a key and its certificate for a host's name or address."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._begin(_named(name), key, expires_at or clock.now() + LATER)
        signed = self._sign(
            made.add_extension(x509.SubjectAlternativeName([_host(name)]), critical=False)
        )
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = self._folder / f"{name}-{x509.load_pem_x509_certificate(signed).serial_number}.pem"
        path.write_bytes(pem + signed)
        return path

    def _begin(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime
    ) -> x509.CertificateBuilder:
        own, ours = key.public_key(), self._key.public_key()
        made = x509.CertificateBuilder(self._name, subject, own, x509.random_serial_number())
        return (
            made.not_valid_before(until - 2 * LATER)
            .not_valid_after(until)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(own), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ours), critical=False)
        )

    def _sign(self, made: x509.CertificateBuilder) -> bytes:
        return made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _may_sign() -> x509.KeyUsage:
    other = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(key_cert_sign=True, crl_sign=True, **dict.fromkeys(other, False))
