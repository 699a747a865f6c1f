"""Authentication results as RFC 8601 writes them."""

from filter.authentication.dmarc import Dmarc
from filter.authentication.signatures import Signature
from mailstore.envelopes import Client

LONGEST = 320


def spf_result_line(result: str, client: Client, sender: str) -> str:
    """Return the result as RFC 8601 §2.7.2 writes it."""
    if sender:
        return f"spf={result} smtp.mailfrom={value(sender)}"
    return f"spf={result} smtp.helo={value(client.helo)}"


def dkim_result_line(signature: Signature) -> str:
    """Return the result of one signature (RFC 8601 §2.7.1); `b` tells it apart (RFC 6008 §4)."""
    why = f" ({signature.comment})" if signature.comment else ""
    properties = (
        ("header.d", signature.domain),
        ("header.s", signature.selector),
        ("header.b", signature.start),
    )
    told = "".join(f" {name}={value(text)}" for name, text in properties if text)
    return f"dkim={signature.result}{why}{told}"


def dmarc_result_line(found: Dmarc, domain: str) -> str:
    """Return the result with what the owner of the domain asks for (RFC 9989 §5.4)."""
    why = f" (p={found.policy})" if found.policy else ""
    author = f" header.from={value(domain)}" if domain else ""
    return f"dmarc={found.result}{why}{author}"


def value(text: str) -> str:
    """Return a token or a quoted string (RFC 8601 §2.2); nothing in it can end our line."""
    safe = "".join(char for char in text[:LONGEST] if char.isascii() and char.isprintable())
    if safe and all(char.isalnum() or char in "@.-_+=" for char in safe):
        return safe
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"') + '"'
