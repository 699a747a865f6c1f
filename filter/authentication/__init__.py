"""Is the sender who it says it is? All of it, inside the sandboxed child."""

from dataclasses import dataclass

from filter.authentication.results import spf_result_line
from filter.authentication.sender_policy import check_spf
from mailstore.addresses import Address
from mailstore.envelopes import Client
from mailstore.errors import BadAddress
from mailstore.mime import Mail
from mailstore.sandbox_child import Ask


@dataclass(frozen=True, slots=True)
class Authentication:
    """What was found out about who sent a mail.

    `proofs`: what proves the one author's domain. `lines`: the results as RFC 8601 writes them.
    """

    spf: str = "none"
    proofs: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


def authenticate(mail: Mail, client: Client, sender: str, ask: Ask) -> Authentication:
    """Ask DNS about a mail that came from outside."""
    spf = check_spf(client, sender, ask)
    proofs = ("spf",) if spf == "pass" and _aligned(mail, sender) else ()
    return Authentication(spf, proofs, (spf_result_line(spf, client, sender),))


def _aligned(mail: Mail, sender: str) -> bool:
    authors = mail.authors
    if len(authors) != 1:
        return False
    try:
        proven = Address.parse(sender).domain
    except BadAddress:
        return False
    shown = authors[0][1].domain
    return shown == proven or shown.endswith(f".{proven}") or proven.endswith(f".{shown}")
