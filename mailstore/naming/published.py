"""What is wrong with the other records of a domain's mail, told from their texts.

MX (RFC 5321 §5.1, RFC 7505), DMARC (RFC 9989), MTA-STS (RFC 8461) and TLS-RPT (RFC 8460).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from mailstore.naming.faults import Fault
from mailstore.naming.findings import Finding, Record, Said, unanswered
from mailstore.sending.stspolicies import Mode, Wish, names_host

PREFERENCE = 10
POLICIES = ("none", "quarantine", "reject")
NULL_MX = "."
_DMARC, _STS, _TLS_RPT = "v=dmarc1", "v=stsv1", "v=tlsrptv1"
_ID = re.compile(r"[A-Za-z0-9]{1,32}")

Texts = Sequence[str] | None
NOTHING: Mapping[str, Texts] = MappingProxyType({})
Mx = Sequence[tuple[int, str]] | None


def mx(domain: str, hosts: Sequence[str], found: Mx) -> Finding:
    """Return what is wrong with where a domain's mail goes; `hosts` are ours."""
    wanted = tuple(f"{PREFERENCE} {host}." for host in hosts)
    if found is None:
        return unanswered(Record.MX, domain, wanted)
    written = tuple(f"{preference} {host.rstrip('.')}." for preference, host in sorted(found))
    names = {host.rstrip(".").lower() for _, host in found}
    others = sorted(names - {host.lower() for host in hosts})
    return Finding(Record.MX, domain, wanted, written, tuple(_of_mx(names, others)))


def _of_mx(names: set[str], others: Sequence[str]) -> Iterator[Said]:
    if not names:
        yield Said(Fault.MX_NONE)
    elif names == {""}:
        yield Said(Fault.MX_NULL)
    elif len(others) == len(names):
        yield Said(Fault.MX_ELSEWHERE)
    elif others:
        yield Said(Fault.MX_MIXED, {"others": ", ".join(others)})


def dmarc(domain: str, texts: Texts, above: Mapping[str, Texts] = NOTHING) -> Finding:
    """Return what is wrong with what a domain says about forged mail.

    Where it says nothing, what the nearest of `above` says counts (RFC 9989 §4.10.1).
    """
    wanted = f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"
    own = _one_of(Record.DMARC, f"_dmarc.{domain}", wanted, texts, _of_dmarc)
    if own.found != ():
        return own
    for name, theirs in above.items():
        found = _one_of(Record.DMARC, f"_dmarc.{name}", "", theirs, _of_dmarc_above)
        if found.found is None or len(found.found) == 1:
            said = (Said(Fault.DMARC_ABOVE, {"above": name}), *found.said)
            return replace(found, wanted=(), said=said if found.found else found.said)
    return own


def _of_dmarc_above(records: Sequence[str]) -> Iterator[Said]:
    return _of_dmarc(records, ("sp", "p"))


def _of_dmarc(records: Sequence[str], tags: Sequence[str] = ("p",)) -> Iterator[Said]:
    if len(records) != 1:
        yield Said(Fault.DMARC_SEVERAL if records else Fault.DMARC_NONE)
        return
    fields = _fields(records[0])
    policy = next((fields[each].lower() for each in tags if each in fields), "")
    if policy not in POLICIES:
        yield Said(Fault.DMARC_BROKEN)
    elif policy == "none":
        yield Said(Fault.DMARC_WATCHES)
    if "mailto:" not in fields.get("rua", "").lower():
        yield Said(Fault.DMARC_NO_REPORTS)


def tls_rpt(domain: str, texts: Texts) -> Finding:
    """Return what is wrong with where others report failures of TLS."""
    wanted = f"v=TLSRPTv1; rua=mailto:tls-reports@{domain}"
    return _one_of(Record.TLS_RPT, f"_smtp._tls.{domain}", wanted, texts, _of_tls_rpt)


def _of_tls_rpt(records: Sequence[str]) -> Iterator[Said]:
    if not records:
        yield Said(Fault.TLS_RPT_NONE)
    elif len(records) > 1 or not _fields(records[0]).get("rua"):
        yield Said(Fault.TLS_RPT_BROKEN)


def sts(
    domain: str, hosts: Sequence[str], texts: Texts, policy: Wish | str | None, today: date
) -> Finding:
    """Return what is wrong with what a domain asks of senders.

    `policy` is what its file asks for, or a word why nobody can read it; None if nobody looked.
    """

    def faults(records: Sequence[str]) -> Iterator[Said]:
        if not records:
            yield Said(Fault.STS_NONE)
        elif len(records) > 1 or not _ID.fullmatch(_fields(records[0]).get("id", "")):
            yield Said(Fault.STS_BROKEN)
        elif isinstance(policy, str):
            yield Said(Fault.STS_UNREADABLE, {"why": policy})
        elif policy and policy.mode is not Mode.NONE:
            missing = [host for host in hosts if not names_host(policy.patterns, host)]
            if missing:
                yield Said(Fault.STS_OTHER_SERVERS, {"missing": ", ".join(missing)})

    wanted = f"v=STSv1; id={today:%Y%m%d}"
    return _one_of(Record.STS, f"_mta-sts.{domain}", wanted, texts, faults, sts_file(hosts))


def sts_file(hosts: Sequence[str]) -> str:
    """Return the file that a domain puts at https://mta-sts.…/.well-known/mta-sts.txt."""
    lines = ["version: STSv1", "mode: testing", *(f"mx: {host}" for host in hosts)]
    return "\n".join([*lines, "max_age: 604800", ""])


def _one_of(
    record: Record,
    place: str,
    wanted: str,
    texts: Texts,
    faults: Callable[[Sequence[str]], Iterator[Said]],
    file: str = "",
) -> Finding:
    """Return the finding about a text record of which there is one at most."""
    if texts is None:
        return unanswered(record, place, (wanted,))
    mark = {Record.DMARC: _DMARC, Record.STS: _STS, Record.TLS_RPT: _TLS_RPT}[record]
    ours = [each for each in texts if each.lower().partition(";")[0].strip() == mark]
    said = tuple(faults(ours))
    return Finding(record, place, (wanted,), tuple(ours), said, file=file)


def _fields(record: str) -> dict[str, str]:
    parts = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in parts}
