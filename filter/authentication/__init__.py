"""Is the sender who it says it is? All of it, inside the sandboxed child."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from filter.authentication.authors import author_of
from filter.authentication.chains import check_arc
from filter.authentication.dmarc import Dmarc, Proven, Tree, evaluate
from filter.authentication.questions import Questions, related
from filter.authentication.results import (
    dkim_result_line,
    dmarc_result_line,
    spf_result_line,
)
from filter.authentication.sender_policy import check_spf
from filter.authentication.signatures import PASS, TEMPERROR, Signature, check_dkim
from mailstore.addresses import Address, ascii_domain
from mailstore.envelopes import Client
from mailstore.errors import BadAddress
from mailstore.mime import Mail
from mailstore.sandbox_child import Ask


@dataclass(frozen=True, slots=True)
class Authentication:
    """What was found out about who sent a mail.

    `proofs`: what proves the one author's domain, of dmarc, spf, dkim, arc. `lines`: the results
    as RFC 8601 writes them. `dmarc`: with what the owner of the author's domain asks for. `arc`:
    empty where nobody asked. `client_name`: what DNS calls the client, empty if nothing, None if
    that is unknown.
    """

    spf: str = "none"
    proofs: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    dkim: tuple[Signature, ...] = ()
    dmarc: Dmarc = field(default_factory=Dmarc)
    arc: str = ""
    client_name: str | None = None


def authenticate(
    mail: Mail,
    client: Client,
    sender: str,
    ask: Ask,
    sealers: Collection[str] | None = None,
) -> Authentication:
    """Ask DNS about a mail that came from outside; never raises for what stands in it.

    `sealers` are the domains whose ARC sets are believed; None: ARC is not looked at.
    """
    questions = Questions(ask)
    author = author_of(mail)
    domain = ascii_domain(author.domain) if author else ""
    found = Authentication(
        spf=check_spf(client, sender, questions), dkim=check_dkim(mail.raw, domain, questions)
    )
    if domain:
        proven = list(_proven(found, sender))
        unsure = TEMPERROR in {found.spf, *(each.result for each in found.dkim)}
        dmarc = evaluate(domain, proven, Tree(questions), unsure=unsure)
        found = replace(found, dmarc=dmarc, proofs=_proofs(domain, dmarc, proven))
    if sealers is not None:
        arc, trusted = check_arc(mail.raw, domain, sealers, questions)
        proofs = (*found.proofs, "arc") if trusted and domain else found.proofs
        found = replace(found, arc=arc, proofs=proofs)
    found = replace(found, client_name=_name_of(client, questions))
    return replace(found, lines=tuple(_lines(found, client, sender, domain)))


def _name_of(client: Client, questions: Questions) -> str | None:
    """Return the name that belongs to the client's address (RFC 1035 §3.5)."""
    names = questions.look_up("PTR", ip_address(client.ip).reverse_pointer)
    return names if names is None else str(next(iter(names), ""))


def _proven(found: Authentication, sender: str) -> Iterator[Proven]:
    """Yield the domains that SPF and DKIM prove, whosever they are."""
    try:
        if found.spf == PASS and (domain := ascii_domain(Address.parse(sender).domain)):
            yield Proven("spf", domain)
    except BadAddress:
        pass  # a null sender proves a host and not a domain of mail
    for each in found.dkim:
        if each.result == PASS:
            yield Proven("dkim", each.domain)


def _proofs(domain: str, dmarc: Dmarc, proven: list[Proven]) -> tuple[str, ...]:
    """Return what proves the author: by DMARC, or by kinship where its owner publishes none."""
    if dmarc.result == PASS:
        return ("dmarc", *dmarc.aligned)
    # Whoever asks for strictness and cannot be asked now would still accept the domain itself.
    kin = related if dmarc.result == "none" else str.__eq__
    return tuple(dict.fromkeys(each.by for each in proven if kin(each.domain, domain)))


def _lines(found: Authentication, client: Client, sender: str, domain: str) -> Iterator[str]:
    yield spf_result_line(found.spf, client, sender)
    yield from map(dkim_result_line, found.dkim)
    if domain:
        yield dmarc_result_line(found.dmarc, domain)
    if found.arc:
        yield f"arc={found.arc}"
