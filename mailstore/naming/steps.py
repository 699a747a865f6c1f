"""What trying a next hop finds, step by step: values, each with a sentence how to mend it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from mailstore.naming.faults import Grade
from mailstore.naming.findings import printable, printables, worst
from mailstore.naming.troubles import TROUBLES, Trouble


class Stage(StrEnum):
    """What is tried, in this order."""

    FIND = "find"
    CONNECT = "connect"
    HELLO = "hello"
    TLS = "tls"
    KNOWN = "known"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried with a server: how it went, what was heard, how long it took.

    `facts` are those of a certificate: who, by whom, until when, its key.
    """

    stage: Stage
    server: str
    trouble: Trouble | None = None
    heard: str = ""
    millis: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def grade(self) -> Grade:
        """How grave what is wrong is."""
        return TROUBLES[self.trouble][0] if self.trouble else Grade.GOOD

    @property
    def sentence(self) -> str:
        """How it is mended, in English; empty where all is well."""
        return TROUBLES[self.trouble][1] if self.trouble else ""

    def packed(self) -> dict[str, Any]:
        """Return it as it is kept in a row."""
        words = {"heard": printable(self.heard), "facts": printables(self.facts)}
        return asdict(self) | words

    @classmethod
    def unpacked(cls, row: Mapping[str, Any]) -> Self:
        """Return what `packed` made a row of."""
        trouble = Trouble(row["trouble"]) if row["trouble"] else None
        return cls(Stage(row["stage"]), row["server"], trouble, row["heard"], row["millis"],
                   row["facts"])  # fmt: skip


def grade_of(steps: Sequence[Step]) -> Grade:
    """Return how a trial went, as a whole."""
    return worst(each.grade for each in steps)
