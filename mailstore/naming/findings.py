"""What looking at a domain's records finds, as values: what is there, and what is wrong."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from mailstore.naming.faults import FAULTS, Fault, Grade

LONGEST, MOST = 4000, 50
_REPORTS_TO = re.compile(r"\bmailto:([^,;!\s]+)")


class Record(StrEnum):
    """What stands in DNS for a domain's mail."""

    MX = "MX"
    SPF = "SPF"
    DKIM = "DKIM"
    DMARC = "DMARC"
    STS = "MTA-STS"
    TLS_RPT = "TLS-RPT"


@dataclass(frozen=True, slots=True)
class Said:
    """A fault, and what fills the gaps of its sentence."""

    fault: Fault
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def grade(self) -> Grade:
        """How grave it is."""
        return FAULTS[self.fault][0]

    @property
    def sentence(self) -> str:
        """How it is mended, in English and with its gaps."""
        return FAULTS[self.fault][1]


@dataclass(frozen=True, slots=True)
class Finding:
    """A record of a domain: where it stands, what it is to say, what it says, what is wrong.

    `found` is None where DNS did not answer; `key_id` names the key that a DKIM record is of, and
    `file` is what has to stand on a web server beside the record.
    """

    record: Record
    place: str
    wanted: tuple[str, ...]
    found: tuple[str, ...] | None
    said: tuple[Said, ...] = ()
    key_id: int = 0
    file: str = ""

    @property
    def type(self) -> str:
        """The type of the record."""
        return "MX" if self.record is Record.MX else "TXT"

    @property
    def grade(self) -> Grade:
        """The gravest of what is wrong."""
        return worst(each.grade for each in self.said)

    @property
    def reports_to(self) -> list[str]:
        """The addresses that others send reports to, if the record is as it is to be."""
        return [each for value in self.wanted for each in _REPORTS_TO.findall(value)]

    def packed(self) -> dict[str, Any]:
        """Return it as it is kept in a row: strangers' words without what cannot be shown."""
        found = None if self.found is None else [printable(each) for each in self.found[:MOST]]
        said = [{"fault": each.fault, "about": printables(each.about)} for each in self.said]
        return asdict(self) | {"found": found, "said": said}

    @classmethod
    def unpacked(cls, row: Mapping[str, Any]) -> Self:
        """Return what `packed` made a row of."""
        found = None if row["found"] is None else tuple(row["found"])
        said = tuple(Said(Fault(each["fault"]), each["about"]) for each in row["said"])
        return cls(Record(row["record"]), row["place"], tuple(row["wanted"]), found, said,
                   row["key_id"], row["file"])  # fmt: skip


def printable(text: str) -> str:
    """Return a stranger's text without what cannot be shown or turns its direction, cut."""
    return "".join(filter(str.isprintable, text[:LONGEST]))


def printables(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same of texts by their names; numbers stay."""
    return {name: printable(each) if isinstance(each, str) else each
            for name, each in about.items()}  # fmt: skip


def worst(grades: Iterable[Grade]) -> Grade:
    """Return the gravest of some grades; good if there are none."""
    order = list(Grade)
    return min(grades, key=order.index, default=Grade.GOOD)


def unanswered(record: Record, place: str, wanted: tuple[str, ...]) -> Finding:
    """Return the finding where DNS did not answer."""
    return Finding(record, place, wanted, None, (Said(Fault.UNANSWERED),))
