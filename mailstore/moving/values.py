"""What is read of a file, before anybody asks what it means for a tenant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mailstore.errors import BadName
from mailstore.wording import N_

MOST_BYTES = 10 * 2**20
MOST_ROWS = 50_000
MOST_ALIASES = 200
LONGEST_NAME = 200


class Form(StrEnum):
    """Which system a file comes from, as its headings say."""

    OWN = "own"
    BARE = "bare"
    MICROSOFT = "microsoft"
    GOOGLE = "google"
    DIRECTORY = "directory"
    NAMED = "named"


class Wrong(StrEnum):
    """Why nothing of a file can be read."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    NO_TEXT = "no_text"
    NO_TABLE = "no_table"
    NO_ADDRESSES = "no_addresses"
    OLD_EXCEL = "old_excel"
    HARMFUL = "harmful"
    UNREADABLE = "unreadable"


class BadFile(BadName):
    """Nothing of a file can be read; `why` says it."""

    def __init__(self, why: Wrong) -> None:
        super().__init__(WRONGS[why])
        self.why = why


WRONGS: Mapping[Wrong, str] = {
    Wrong.EMPTY: N_("The file is empty."),
    Wrong.TOO_LARGE: N_("The file is too large: it may have 10 MB."),
    Wrong.TOO_MANY: N_("The file has too many lines: it may have 50,000."),
    Wrong.NO_TEXT: N_("The file is no table of text (CSV) and no workbook (XLSX)."),
    Wrong.NO_TABLE: N_("The file has no lines below its headings."),
    Wrong.NO_ADDRESSES: N_(
        "No column of the file is known to hold mail addresses. Call it “Address” in line 1."
    ),
    Wrong.OLD_EXCEL: N_(
        "The file is a workbook of an old Excel. Save it as a workbook (XLSX) or as CSV."
    ),
    Wrong.HARMFUL: N_(
        "The workbook unpacks to far more than people need. Save the table as CSV instead."
    ),
    Wrong.UNREADABLE: N_("The file is damaged, or takes too long to read. Save it as CSV instead."),
}


@dataclass(frozen=True, slots=True)
class Person:
    """A line of a file: whose mail it is, as it stands there.

    `signs_in` is False where the other system lets nobody sign in.
    """

    line: int
    main: str
    name: str = ""
    aliases: tuple[str, ...] = ()
    shared: bool = False
    signs_in: bool = True

    @classmethod
    def of_row(cls, row: Any) -> "Person":
        """Return what `as_row` gave away; raises ValueError for anything else."""
        match row:
            case [int(line), str(main), str(name), [*aliases], bool(shared), bool(signs_in)] if all(
                isinstance(each, str) for each in aliases
            ):
                return cls(line, main, name, tuple(aliases), shared, signs_in)
        raise ValueError("no line of a file")

    def as_row(self) -> list[Any]:
        """Return it as JSON can hold it."""
        aliases = list(self.aliases)
        return [self.line, self.main, self.name, aliases, self.shared, self.signs_in]


@dataclass(frozen=True, slots=True)
class Table:
    """The people of a file, the form it has, and the headings that say nothing to us."""

    form: Form
    people: tuple[Person, ...] = ()
    ignored: tuple[str, ...] = field(default=())
