"""A list of another filter between its preview and its entering: rows, so that no form is trusted.

Only whoever brought it sees it, for a day.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, delete, func, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock
from mailstore.curation import judging
from mailstore.curation.findings import Finding, Group
from mailstore.curation.reading import Line
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.senders import Listed, Owner, Wish

LASTS = timedelta(days=1)
SIZE = 100
LONGEST_NAME = 120


class ListUpload(Base):
    """A list that somebody brought, and for whom."""

    __tablename__ = "list_uploads"

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    )
    domain_id: Mapped[int | None] = mapped_column(ForeignKey("domains.id", ondelete="CASCADE"))
    mailbox_id: Mapped[int | None] = mapped_column(ForeignKey("mailboxes.id", ondelete="CASCADE"))
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    @property
    def owner(self) -> Owner:
        """Whose list it is meant for."""
        return Owner(self.tenant_id, self.domain_id, self.mailbox_id)


class UploadLine(Base):
    """A line of it: what it said, what it comes to, what speaks against it, and the tick."""

    __tablename__ = "list_upload_lines"
    __table_args__ = (Index("ix_list_upload_lines", "upload_id", "group", "id"),)

    id: Mapped[PrimaryKey]
    upload_id: Mapped[int] = mapped_column(ForeignKey("list_uploads.id", ondelete="CASCADE"))
    number: Mapped[int]
    text: Mapped[str]
    listed: Mapped[Listed | None]
    pattern: Mapped[str]
    proof: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    group: Mapped[Group]
    findings: Mapped[list[Any]]
    chosen: Mapped[bool]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many lines of an upload stand in a group, and how many of them are chosen."""

    lines: int = 0
    chosen: int = 0


def lines_of(db: Session, owner: Owner, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Return the lines of a list as rows have them, judged; useful and harmless ones are chosen."""
    wishes = [each.wish for each in lines if each.wish]
    judged = iter(judging.judge_wishes(db, owner, wishes))
    rows = []
    for line in lines:
        row = {"number": line.number, "text": line.text} | _wanted(line.wish)
        if line.wish is None:
            said: list[Any] = [[line.why, ""]]
            rows.append(row | {"group": Group.UNUSABLE, "findings": said, "chosen": False})
            continue
        found = next(judged)
        said = [[each.finding, each.name] for each in found.found]
        said += [[Finding.BELOW, ""]] if line.below else []
        good = found.group is Group.GOOD
        rows.append(row | {"group": found.group, "findings": said, "chosen": good})
    return rows


def keep(db: Session, owner: Owner, account_id: int, name: str, rows: Sequence[Any]) -> int:
    """Keep a judged list for the account that brought it; return its id."""
    upload = ListUpload(**owner.ids, account_id=account_id, name=name[:LONGEST_NAME])
    db.add(upload)
    db.flush()
    if rows:
        db.execute(insert(UploadLine), [each | {"upload_id": upload.id} for each in rows])
    return upload.id


def one(db: Session, account_id: int, upload_id: int) -> ListUpload | None:
    """Return an upload of this very account that is not over."""
    mine = select(ListUpload).where(ListUpload.id == upload_id, ListUpload.account_id == account_id)
    return db.scalar(mine.where(ListUpload.created_at > clock.now() - LASTS))


def counted(db: Session, upload_id: int) -> Mapping[Group, Counted]:
    """Return how many lines each group has."""
    found = db.execute(
        select(UploadLine.group, UploadLine.chosen, func.count())
        .where(UploadLine.upload_id == upload_id)
        .group_by(UploadLine.group, UploadLine.chosen)
    )
    lines, chosen = Counter[Group](), Counter[Group]()
    for group, is_chosen, count in found:
        lines[group] += count
        chosen[group] += count if is_chosen else 0
    return {group: Counted(lines[group], chosen[group]) for group in Group}


def page_of(db: Session, upload_id: int, group: Group, after: int = 0) -> Sequence[UploadLine]:
    """Return a page of a group in the order of the file, and one more where more follow."""
    mine = UploadLine.upload_id == upload_id, UploadLine.group == group, UploadLine.id > after
    return db.scalars(select(UploadLine).where(*mine).order_by(UploadLine.id).limit(SIZE + 1)).all()


def tick(db: Session, upload_id: int, shown: Collection[int], chosen: Collection[int]) -> None:
    """Choose of the lines that a page showed those that were ticked, and no others."""
    mine = update(UploadLine).where(
        UploadLine.upload_id == upload_id, UploadLine.group != Group.UNUSABLE
    )
    quietly = {"synchronize_session": False}
    off = mine.where(UploadLine.id.in_(shown)).values(chosen=False)
    db.execute(off.execution_options(**quietly))
    on = mine.where(UploadLine.id.in_(set(shown) & set(chosen))).values(chosen=True)
    db.execute(on.execution_options(**quietly))


def tick_all(db: Session, upload_id: int, group: Group, *, chosen: bool) -> None:
    """Choose all of a group, or none; careless entries want a tick each."""
    if chosen and group not in (Group.GOOD, Group.NEEDLESS):
        return
    mine = UploadLine.upload_id == upload_id, UploadLine.group == group
    all_of_it = update(UploadLine).where(*mine).values(chosen=chosen)
    db.execute(all_of_it.execution_options(synchronize_session=False))


def chosen_of(db: Session, upload_id: int) -> list[Wish]:
    """Return what is chosen of an upload."""
    rows = db.scalars(
        select(UploadLine)
        .where(UploadLine.upload_id == upload_id, UploadLine.chosen)
        .order_by(UploadLine.id)
    )
    return [
        Wish(each.listed, each.pattern, each.proof, expires_at=each.expires_at)
        for each in rows
        if each.listed
    ]


def drop(db: Session, upload_id: int) -> None:
    """Forget an upload."""
    db.execute(delete(ListUpload).where(ListUpload.id == upload_id))


def purge(db: Session) -> None:
    """Forget uploads that nobody entered in time."""
    old = delete(ListUpload).where(ListUpload.created_at <= clock.now() - LASTS)
    db.execute(old.execution_options(synchronize_session=False))


def _wanted(wish: Wish | None) -> dict[str, Any]:
    return {
        "listed": wish.listed if wish else None,
        "pattern": wish.pattern if wish else "",
        "proof": wish.proof if wish else None,
        "expires_at": wish.expires_at if wish else None,
    }
