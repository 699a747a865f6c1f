"""Is the sender who it says it is? SPF (RFC 7208) with pyspf, inside the sandboxed child.

pyspf looks names up by itself; in the child there is no network, so its one door to DNS leads
to the parent.
"""

from typing import Any

import spf

from mailstore.envelopes import Client
from mailstore.sandbox_child import Ask

MOST_LOOKUPS = 60
SECONDS = 20


def check_spf(client: Client, sender: str, ask: Ask) -> str:
    """Return the result for the sender's domain, or for HELO where the sender is null."""
    lookups = 0

    def look_up(name: str, kind: str, _strict: object = True, _timeout: object = 0) -> list[Any]:
        nonlocal lookups
        lookups += 1
        found = ask([kind, name]) if lookups <= MOST_LOOKUPS else None
        if found is None:
            raise spf.TempError("DNS")
        return [((name, kind), _as_pyspf(kind, each)) for each in found]

    spf.DNSLookup = look_up
    result, _ = spf.check2(
        i=client.ip, s=sender or f"postmaster@{client.helo}", h=client.helo, querytime=SECONDS
    )
    return str(result)


def _as_pyspf(kind: str, record: Any) -> Any:
    if kind == "TXT":
        return tuple(piece.encode("latin-1") for piece in record)
    return tuple(record) if kind == "MX" else record
