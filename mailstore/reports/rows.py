"""The rows of reports: what was sent to whom, and what each of its links stands for."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mailstore.db import Base, PrimaryKey, TenantKey


class LinkKind(StrEnum):
    """What a report link opens; `folded` is only counted in the report and opens nothing."""

    HELD = "held"
    FOLDED = "folded"
    TAGGED = "tagged"
    ALL = "report"
    QUARANTINE = "quarantine"
    WEBMAIL = "webmail"
    SETTINGS = "settings"
    UNSUBSCRIBE = "unsubscribe"


class Report(Base):
    """One report of one mailbox; `public_id` is the mail's, `slot` when it was made."""

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("mailbox_id", "slot"),)

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailboxes.id", ondelete="CASCADE"))
    slot: Mapped[datetime]
    code: Mapped[str]
    code_tries: Mapped[int] = mapped_column(default=0)
    public_id: Mapped[str] = mapped_column(default="")
    replaced_at: Mapped[datetime | None]


class Link(Base):
    """What a signed token stands for; `mailbox_id` is whose report it is in."""

    __tablename__ = "links"

    id: Mapped[str] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"), index=True)
    tenant_id: Mapped[TenantKey]
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailboxes.id", ondelete="CASCADE"))
    delivery_id: Mapped[int | None] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[LinkKind]
    ends_at: Mapped[datetime] = mapped_column(index=True)
    opens: Mapped[int] = mapped_column(default=0)
    acted_at: Mapped[datetime | None]
