"""DMARC (RFC 9989): whether what was proven belongs to the domain that people see in From.

Records are found by walking up the tree of names; there is no list of public suffixes and no
`pct`. Everything but `Tree` is pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from filter.authentication.questions import Questions

MOST_STEPS = 8
VERSION = "DMARC1"
NONE, QUARANTINE, REJECT = "none", "quarantine", "reject"
POLICIES = frozenset({NONE, QUARANTINE, REJECT})
# RFC 9989 §4.7: with t=y, what is asked for is meant one level lower.
_MILDER = {REJECT: QUARANTINE, QUARANTINE: NONE, NONE: NONE}


class Unknown(Exception):
    """DNS does not answer now."""


@dataclass(frozen=True, slots=True)
class Record:
    """What the owner of a domain asks for (RFC 9989 §4.7); `psd` is y, n or u."""

    policy: str = NONE
    subdomains: str = ""
    missing: str = ""
    psd: str = "u"
    testing: bool = False
    strict_dkim: bool = False
    strict_spf: bool = False
    applies: bool = True

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a TXT record; None if it is no DMARC record. Unknown tags are ignored."""
        first, *rest = (_tag(piece) for piece in text.split(";"))
        if first != ("v", VERSION):
            return None
        tags: dict[str, str] = {}
        for name, value in rest:
            tags.setdefault(name, value)
        policies = [tags[name].lower() for name in ("p", "sp", "np") if name in tags]
        sound = "p" in tags and POLICIES.issuperset(policies)
        return cls(
            policy=tags["p"].lower() if sound else NONE,
            subdomains=tags.get("sp", "").lower() if sound else "",
            missing=tags.get("np", "").lower() if sound else "",
            psd=_one_of(tags.get("psd", ""), "yn", "u"),
            testing=tags.get("t", "").lower() == "y",
            strict_dkim=tags.get("adkim", "").lower() == "s",
            strict_spf=tags.get("aspf", "").lower() == "s",
            # RFC 9989 §4.10.1: with somewhere to send reports it still counts, as p=none.
            applies=sound or _reports(tags.get("rua", "")),
        )


Found = Sequence[tuple[str, Record]]


@dataclass(frozen=True, slots=True)
class Policy:
    """What applies to an author's domain: the record, where it stands, and its organisation."""

    record: Record
    domain: str
    organisation: str


@dataclass(frozen=True, slots=True)
class Dmarc:
    """The result, and what the owner asks for: none, quarantine or reject; empty if nothing.

    `aligned` are the means of proof whose domain belongs to the author's.
    """

    result: str = NONE
    policy: str = ""
    aligned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proven:
    """A domain that something proves: `by` is spf or dkim."""

    by: str
    domain: str


class Tree:
    """Records of DMARC above a domain, asked for once."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def walk(self, domain: str) -> Found:
        """Return what stands at a domain and above (RFC 9989 §4.10); raises Unknown."""
        found: list[tuple[str, Record]] = []
        for step in steps(domain):
            texts = self._questions.text(f"_dmarc.{step}")
            if texts is None:
                raise Unknown(step)
            records = [record for text in texts if (record := Record.parse(text))]
            # RFC 9989 §4.10: where there are several, none of them counts.
            if len(records) == 1:
                found.append((step, records[0]))
                if records[0].psd in "yn":
                    break
        return found

    def exists(self, domain: str) -> bool:
        """Whether there is such a name at all (RFC 8020); raises Unknown."""
        answer = self._questions.look_up("NAME", domain)
        if answer is None:
            raise Unknown(domain)
        return bool(answer)


def steps(domain: str) -> list[str]:
    """Return the names to ask for, the domain first, eight at most (RFC 9989 §4.10)."""
    labels = domain.split(".")
    above = labels[-(MOST_STEPS - 1) :] if len(labels) >= MOST_STEPS else labels[1:]
    return [domain, *(".".join(above[count:]) for count in range(len(above)))]


def organisation(domain: str, found: Found) -> str:
    """Return the organisational domain by what a walk found (RFC 9989 §4.10.2)."""
    for name, record in found:
        if record.psd == "n":
            return name
        if record.psd == "y" and name != domain:
            return _one_label_more(name, domain)
    return found[-1][0] if found else domain


def discover(domain: str, found: Found) -> Policy | None:
    """Return what applies to an author's domain (RFC 9989 §4.10.1), or None if nothing does."""
    whose = organisation(domain, found)
    records = dict(found)
    above = [name for name, record in found if record.psd == "y"]
    for name in (domain, whose, *above):
        if name in records:
            record = records[name]
            return Policy(record, name, whose) if record.applies else None
    return None


def wish(policy: Policy, domain: str, *, exists: bool) -> str:
    """Return what the owner asks for mail of this author that fails (RFC 9989 §4.7)."""
    record = policy.record
    asked = record.policy
    if policy.domain != domain:
        below = record.subdomains or record.policy
        asked = below if exists else record.missing or below
    return _MILDER[asked] if record.testing else asked


def evaluate(author: str, proven: Iterable[Proven], tree: Tree, *, unsure: bool) -> Dmarc:
    """Return whether anything that is proven belongs to the author's domain.

    `unsure`: something that could prove it could not be looked up (RFC 9989 §5.4.2).
    """
    try:
        policy = discover(author, tree.walk(author))
        if policy is None:
            return Dmarc()
        aligned = tuple(
            dict.fromkeys(each.by for each in proven if _is_aligned(author, each, policy, tree))
        )
        named = bool(aligned) or policy.domain == author or not policy.record.missing
        asked = wish(policy, author, exists=named or tree.exists(author))
    except Unknown:
        return Dmarc("temperror")
    failed = "temperror" if unsure else "fail"
    return Dmarc("pass" if aligned else failed, asked, aligned)


def _is_aligned(author: str, proven: Proven, policy: Policy, tree: Tree) -> bool:
    """Strict: the same domain; relaxed: the same organisation (RFC 9989 §4.4)."""
    record, domain = policy.record, proven.domain
    if domain == author:
        return True
    if record.strict_dkim if proven.by == "dkim" else record.strict_spf:
        return False
    # Nothing above an organisation belongs to it, so that no walk is needed there.
    if not f".{domain}".endswith(f".{policy.organisation}"):
        return False
    return organisation(domain, tree.walk(domain)) == policy.organisation


def _one_label_more(name: str, domain: str) -> str:
    count = name.count(".") + 2
    return ".".join(domain.split(".")[-count:])


def _tag(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip()


def _one_of(value: str, known: str, otherwise: str) -> str:
    return value.lower() if value and value.lower() in known else otherwise


def _reports(value: str) -> bool:
    return any(uri.strip().lower().startswith("mailto:") for uri in value.split(","))
