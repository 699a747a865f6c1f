"""Notices that are written, as tests send them."""

from datetime import timedelta

from sqlalchemy import select, update

from filter.telling import send_notice
from mailstore import clock, incidents
from mailstore.incidents import Incident, IncidentKind, Told
from mailstore.notices import Audience, Notice, Way
from mailstore.store import Store
from tests.factories import a_tenant

MINUTE = timedelta(minutes=1)


def a_notice(
    store: Store, way: Way, target: str, content: bytes, *, age: timedelta = MINUTE
) -> Notice:
    """Return a notice to somebody of a new tenant that is written and due, made so long ago."""
    made_at = clock.now() - age
    with store.write() as db:
        tenant = a_tenant(db)
        incidents.begin(db, IncidentKind.QUEUE, "", "x")
        notice = Notice(
            incident_id=db.scalars(select(Incident.id)).one(), news=Told.BEGAN, way=way,
            audience=Audience.ADMIN, target=target, tenant_id=tenant.id, content=content,
            made_at=made_at, try_at=made_at,
        )  # fmt: skip
        db.add(notice)
    return notice


def sent(store: Store, notice: Notice) -> Notice:
    """Send a notice, and return how it stands then."""
    send_notice(store, notice.id)
    with store.read() as db:
        return db.get_one(Notice, notice.id)


def again(store: Store, notice: Notice) -> Notice:
    """Send a notice once more after its wait."""
    with store.write() as db:
        db.execute(update(Notice).where(Notice.id == notice.id).values(try_at=clock.now()))
    return sent(store, notice)


def is_tried_later(notice: Notice) -> bool:
    """Whether a notice was not sent, and will be tried again."""
    return notice.sent_at is None and notice.try_at is not None
