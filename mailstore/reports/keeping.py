"""Keeping reports: their rows and those of their links, and taking older ones back."""

from collections.abc import Mapping, Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from mailstore import clock, events
from mailstore.deliveries import Delivery, State
from mailstore.messages import Message
from mailstore.reports.drafts import Draft
from mailstore.reports.rows import Link, LinkKind, Report

_LINKS = insert(Link.__table__)
PAGES = (
    LinkKind.ALL,
    LinkKind.QUARANTINE,
    LinkKind.WEBMAIL,
    LinkKind.SETTINGS,
    LinkKind.UNSUBSCRIBE,
)


def keep(db: Session, written: Sequence[tuple[Draft, str]]) -> None:
    """Write reports and their links down, each with the public id of its mail.

    Those that still wait for the customer's server are replaced.
    """
    if not written:
        return
    reports = [
        Report(
            tenant_id=draft.tenant.id, mailbox_id=draft.mailbox.id, slot=draft.slot,
            code=draft.code, public_id=public_id,
        )
        for draft, public_id in written
    ]  # fmt: skip
    db.add_all(reports)
    db.flush()
    rows = [
        {
            "id": link_id, "report_id": report.id, "tenant_id": draft.tenant.id,
            "mailbox_id": draft.mailbox.id, "delivery_id": delivery_id, "kind": kind,
            "ends_at": draft.ends_at, "opens": 0,
        }
        for (draft, _), report in zip(written, reports, strict=True)
        for (kind, delivery_id), link_id in _links(draft).items()
    ]  # fmt: skip
    db.connection().execute(_LINKS, rows)
    _replace(db, [each for draft, _ in written for each in draft.waiting])
    said = [
        {
            "kind": "report_sent", "tenant_id": draft.tenant.id, "mailbox_id": draft.mailbox.id,
            "delivery_id": None, "detail": {"report": report.id, "lines": len(draft.lines.new)},
        }
        for (draft, _), report in zip(written, reports, strict=True)
    ]  # fmt: skip
    events.record_all(db, said, by="worker")


def _links(draft: Draft) -> Mapping[tuple[LinkKind, int | None], str]:
    """Return the ids of all links, those that nothing was rendered for too."""
    kinds = (
        (LinkKind.HELD, (*draft.lines.new, *draft.lines.others)),
        (LinkKind.FOLDED, draft.lines.folded),
        (LinkKind.TAGGED, draft.lines.tagged),
    )
    for kind, deliveries in kinds:
        for delivery in deliveries:
            draft.link(kind, delivery)
    for kind in PAGES:
        draft.link(kind)
    return draft.link_ids


def _replace(db: Session, report_ids: Sequence[int]) -> None:
    """Take mail of earlier reports back that has not left; what they named is named again."""
    if not report_ids:
        return
    ours = select(Message.id).join(Report, Report.public_id == Message.public_id)
    taken_back = (
        update(Delivery)
        .where(Delivery.message_id.in_(ours.where(Report.id.in_(report_ids))))
        .where(Delivery.state == State.QUEUED, Delivery.lease_until.is_(None))
        .values(state=State.DELETED, next_attempt_at=None, done_at=clock.now())
        .returning(Delivery.message_id, Delivery.id, Delivery.tenant_id)
    )
    gone = db.execute(taken_back.execution_options(synchronize_session=False)).all()
    for _, delivery_id, tenant_id in gone:
        events.record(
            db, "report_replaced", by="worker", tenant_id=tenant_id, delivery_id=delivery_id
        )
    named = select(Message.public_id).where(Message.id.in_([each for each, *_ in gone]))
    replaced = update(Report).where(Report.id.in_(report_ids), Report.public_id.in_(named))
    db.execute(
        replaced.values(replaced_at=clock.now()).execution_options(synchronize_session=False)
    )
