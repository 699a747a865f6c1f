"""What lies in the attachments of a mail, archives opened: looked at once for all rules.

Every content is looked at under each of its names, and one dangerous reading is enough. How a
mail can be read otherwise than by its plain structure: `filter.attached.readings`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from filter.attached import archives, macros, magic, readings
from filter.attached.budget import DEEPEST_ARCHIVE, Budget, TooMuch
from filter.attached.entries import Entry, Knotted, Unreadable, leaves
from filter.attached.macros import Macros
from filter.attached.pages import Page, page_of
from filter.views.once import once_per_mail
from mailstore.charsets import without_disguise
from mailstore.filenames import dangerous, endings
from mailstore.mime import Mail, Part

# In two halves, so that no scanner takes this file away.
TEST_VIRUS = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
DISKS = frozenset({"iso", "img", "udf", "vhd", "vhdx", "dmg", "vmdk"})
MACRO_ENDINGS = frozenset({"docm", "dotm", "xlsm", "xltm", "xlam", "pptm", "potm", "ppsm", "ppam"})


@dataclass(slots=True)
class Seen:
    """What was seen, each with the name or kind that says where.

    `programs` run when they are opened, `scripts` when somebody means to; `locked` are
    encrypted; `closed` cannot be looked into;
    `knots` say what is wrong with how an archive is built; `strays` are names that leave the
    folder they are unpacked to.
    """

    viruses: list[str] = field(default_factory=list)
    programs: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    disks: list[str] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    knots: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    macros: dict[str, Macros] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@once_per_mail
def look(mail: Mail) -> Seen:
    """Return what was seen in a mail's parts and in every other reading of it."""
    looking = _Looking()
    if TEST_VIRUS in mail.raw:
        looking.seen.viruses.append("Eicar-Test-File")
    for part in mail.parts:
        looking.part(part)
    looking.others(mail)
    return looking.seen


class _Looking:
    def __init__(self) -> None:
        self.seen = Seen()
        self._budget = Budget()

    def part(self, part: Part) -> None:
        if part.attached:
            self.attachment(part.names, part.content(), part.content_type)
        elif part.message.get("Content-Transfer-Encoding") and TEST_VIRUS in part.content():
            self.seen.viruses.append("Eicar-Test-File")

    def attachment(
        self, names: tuple[str, ...], content: bytes, content_type: str, *, reread: bool = True
    ) -> None:
        """Look at a file and into it; what is in it counts as part of it.

        `reread`: a file that is a mail is read in other ways too. What such a reading gave is
        not read again: it would be the same, once more for each level.
        """
        name = _shown(names) or content_type
        self._budget.begin(len(content))
        try:
            self._file(names, content, name, content_type, 0, reread=reread)
        except TooMuch as error:
            self.seen.knots.append(f"{name}: {error}")

    def others(self, mail: Mail) -> None:
        """Look at what other readings of a mail hold."""
        try:
            for name, content in readings.others(mail, self._budget):
                self.attachment((name,), content, "", reread=False)
        except TooMuch as error:
            self.seen.knots.append(str(error))

    def _file(
        self,
        names: tuple[str, ...],
        content: bytes,
        where: str,
        content_type: str,
        depth: int,
        *,
        reread: bool = True,
    ) -> None:
        self._budget.check_time()
        suffixes = {each for name in names for each in endings(name)}
        self._program(names, content, where)
        self._kind(content, suffixes, where)
        self._macros(content, suffixes, where)
        # Other readings have no name: they may be the body, which is no attachment.
        if page := page_of(content, suffixes, content_type) if where else Page.NONE:
            self.seen.pages[where] = max(page, self.seen.pages.get(where, page))
        if archives.kind_of(content, names):
            self._archive(names, content, where, depth)
        elif reread and depth < DEEPEST_ARCHIVE and readings.is_mail(content):
            for name, inner in readings.inside(content, self._budget):
                self._file((name,), inner, _within(where, name), "", depth + 1, reread=False)

    def _program(self, names: tuple[str, ...], content: bytes, where: str) -> None:
        if TEST_VIRUS in content:
            self.seen.viruses.append("Eicar-Test-File")
        bad, kind = dangerous(names), magic.program(content)
        if kind == magic.SCRIPT and bad is None:
            self.seen.scripts.append(where)
        elif bad is not None or kind:
            self.seen.programs.append(_within(where, _shown((bad,)) if bad else ""))

    def _kind(self, content: bytes, suffixes: set[str], where: str) -> None:
        if suffixes & DISKS or magic.disk_image(content):
            self.seen.disks.append(where)
        if content.startswith(magic.ONENOTE) or "one" in suffixes:
            self.seen.notes.append(where)
        if macros.is_locked(content):
            self.seen.locked.append(where)

    def _macros(self, content: bytes, suffixes: set[str], where: str) -> None:
        found = macros.macros_in(content)
        if suffixes & MACRO_ENDINGS:
            found = max(found, Macros.SOME)
        if found:
            self.seen.macros[where] = max(found, self.seen.macros.get(where, found))

    def _archive(self, names: tuple[str, ...], content: bytes, where: str, depth: int) -> None:
        if depth >= DEEPEST_ARCHIVE:
            raise TooMuch("archives in archives in archives")
        try:
            for entry in archives.entries(content, names, self._budget):
                self._entry(entry, where, depth)
        except Knotted as error:
            self.seen.knots.append(f"{where}: {error}")
        except Unreadable as error:
            self.seen.closed.append(f"{where}: {error}")

    def _entry(self, entry: Entry, where: str, depth: int) -> None:
        name = _shown(entry.names)
        if any(leaves(each) for each in entry.names):
            self.seen.strays.append(_within(where, name))
        if entry.locked:
            self.seen.locked.append(where)
        self._file(entry.names, entry.content, _within(where, name), "", depth + 1)


def _shown(names: tuple[str, ...]) -> str:
    name = dangerous(names) or next(iter(names), "")
    readable = "".join(each if each.isprintable() else " " for each in without_disguise(name[:200]))
    return readable.strip()


def _within(where: str, name: str) -> str:
    return f"{where}: {name}" if name and not where.endswith(name) else where


def first_few(found: list[str], most: int = 3) -> Iterator[str]:
    """Yield the first few, each once: a symbol says where, and need not say it a hundred times."""
    yield from list(dict.fromkeys(found))[:most]
