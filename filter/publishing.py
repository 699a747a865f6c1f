"""Records of keys in DNS (RFC 6376 §3.6.2), printed and compared; `flask dkim` does so for ours."""

import asyncio
import base64
import sys

import click
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from filter import signing
from filter.authentication.signatures import key_trouble, tags_of
from filter.dns import Records, Resolver
from mailstore.cli import speaks
from mailstore.errors import Misconfigured
from mailstore.naming.faults import Fault
from mailstore.naming.findings import Said
from mailstore.settings import Settings

# RFC 1035 §3.3: a string of DNS has a length of one byte.
LONGEST_STRING = 255
FITS = "The record is there and fits."


@click.command("dkim")
@click.option("--check", is_flag=True, help="Ask DNS for it; exit code 1 if it does not fit.")
@speaks
def dkim_record(*, check: bool) -> None:
    """Print the DNS record for the signature of what Mailhafen writes itself."""
    settings = Settings.load()
    name, value = name_of(settings), value_of(settings)
    click.echo(printed(name, value))
    if not check:
        return
    said = compared(asyncio.run(Resolver(settings).lookup("TXT", name)), value)
    click.echo(said)
    sys.exit(0 if said == FITS else 1)


def name_of(settings: Settings) -> str:
    """Return where the record stands; raises Misconfigured."""
    return place_of(*signing.names(settings))


def place_of(selector: str, domain: str) -> str:
    """Return where the record of a selector stands."""
    return f"{selector}._domainkey.{domain}"


def printed(name: str, value: str) -> str:
    """Return a record as people paste it, in strings that DNS can hold."""
    return f"Name   {name}\nType   TXT\nValue  {in_strings(value)}"


def value_of(settings: Settings) -> str:
    """Return the record of the key that signs; raises Misconfigured where there is none."""
    file = settings.dkim_file
    try:
        key = load_pem_private_key(signing.key_of(settings), None)
    except OSError as error:
        raise Misconfigured(f"{file}: {error.strerror}. `flask setup` writes a key.") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Misconfigured(f"{file} is no RSA key in PEM without a password.") from error
    if not isinstance(key, RSAPrivateKey):
        raise Misconfigured(f"{file} is no RSA key.")
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"


def in_strings(value: str) -> str:
    """Return a value as zone files write it, in strings that DNS can hold."""
    starts = range(0, len(value), LONGEST_STRING)
    return " ".join(f'"{value[start : start + LONGEST_STRING]}"' for start in starts)


def fault_in(records: Records | None, value: str) -> Said | None:
    """Return what is wrong with the records that DNS has for a key; None where they fit."""
    if records is None:
        return Said(Fault.UNANSWERED)
    if not records:
        return Said(Fault.DKIM_ABSENT)
    if len(records) > 1:
        # RFC 6376 §3.6.2.2: then nobody knows which of them a verifier takes.
        return Said(Fault.DKIM_SEVERAL)
    found = "".join(records[0])
    tags, ours = tags_of(found.encode("latin-1", "replace")), tags_of(value.encode())
    if wrong := key_trouble([found], {}):
        return Said(Fault.DKIM_UNUSABLE, {"why": wrong})
    fits = tags.get("p") == ours["p"] and tags.get("k", "rsa") == ours["k"]
    return None if fits else Said(Fault.DKIM_OTHER_KEY)


_SAID = {
    Fault.UNANSWERED: "No name server answers: whether the record is there is not known.",
    Fault.DKIM_ABSENT: "There is no such record yet; a new one may take some hours to show.",
    Fault.DKIM_SEVERAL: "There are several records of that name; leave one.",
    Fault.DKIM_UNUSABLE: "A record is there, but it cannot be used: %(why)s.",
    Fault.DKIM_OTHER_KEY: "A record is there, but it belongs to another key.",
}


def compared(records: Records | None, value: str) -> str:
    """Return what is wrong with the records that DNS has for a key in words, or FITS."""
    said = fault_in(records, value)
    return _SAID[said.fault] % said.about if said else FITS
