"""Authentication results as RFC 8601 writes them."""

from mailstore.envelopes import Client

LONGEST = 320


def spf_result_line(result: str, client: Client, sender: str) -> str:
    """Return the result as RFC 8601 §2.7.2 writes it."""
    if sender:
        return f"spf={result} smtp.mailfrom={value(sender)}"
    return f"spf={result} smtp.helo={value(client.helo)}"


def value(text: str) -> str:
    """Return a token or a quoted string (RFC 8601 §2.2); nothing in it can end our line."""
    safe = "".join(char for char in text[:LONGEST] if char.isascii() and char.isprintable())
    if all(char.isalnum() or char in "@.-_+=" for char in safe):
        return safe
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"') + '"'
