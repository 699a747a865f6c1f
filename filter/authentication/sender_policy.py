"""Is the sender who it says it is? SPF (RFC 7208) with pyspf, inside the sandboxed child.

pyspf looks names up by itself; in the child there is no network, so its one door to DNS leads
to the parent.
"""

from typing import Any

import spf

from filter.authentication.questions import SECONDS
from mailstore.envelopes import Client
from mailstore.sandbox_child import Ask

TEMPERROR, PERMERROR = "temperror", "permerror"
RESULTS = frozenset({"pass", "fail", "softfail", "neutral", "none", TEMPERROR, PERMERROR})


def check_spf(client: Client, sender: str, ask: Ask) -> str:
    """Return the result for the sender's domain, or for HELO where the sender is null."""

    def look_up(name: str, kind: str, _strict: object = True, _timeout: object = 0) -> list[Any]:
        found = ask([kind, name])
        if found is None:
            raise spf.TempError("DNS")
        return [((name, kind), _as_pyspf(kind, each)) for each in found]

    spf.DNSLookup = look_up
    try:
        result, _ = spf.check2(
            i=client.ip,
            s=sender or f"postmaster@{client.helo}",
            h=client.helo,
            querytime=int(SECONDS),
        )
    except Exception:  # noqa: BLE001 (an edge: a library reads what anybody may publish)
        return PERMERROR
    return result if result in RESULTS else PERMERROR


def _as_pyspf(kind: str, record: Any) -> Any:
    if kind == "TXT":
        return tuple(piece.encode("latin-1") for piece in record)
    return tuple(record) if kind == "MX" else record
