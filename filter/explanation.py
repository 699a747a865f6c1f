"""How `flask examine` prints what it found, for people."""

from typing import Any


def readable(found: dict[str, Any]) -> str:
    """Return an explanation as lines: what and why, symbols, authentication, the decision."""
    head = f"{found['file']}: {found['action']} ({found['class']}, {found['score']})"
    symbols = [
        f"  {each['weight']:>7}  {each['name']}  {each['text']}{_seen(each['detail'])}"
        for each in found["symbols"]
    ]
    proofs = [f"           {line}" for line in found["authentication"]]
    trail = [f"           {step}" for step in found["trail"]]
    return "\n".join(
        [
            head,
            *symbols,
            *(["           -- authentication", *proofs] if proofs else []),
            "           -- decision",
            *trail,
        ]
    )


def _seen(detail: str) -> str:
    # What somebody else wrote must not move the cursor of a terminal.
    shown = "".join(char if char.isprintable() else "?" for char in detail)
    return f" [{shown}]" if shown else ""
