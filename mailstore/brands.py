"""A tenant's look in mails: a logo, one colour and a text of its own; data, and no template."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, colours, events, pictures
from mailstore.db import Base, BigKey
from mailstore.tenants import Tenant
from mailstore.texts import plain

LONGEST_TEXT = 1000
NO_LOGO: dict[str, Any] = {"logo": None, "logo_type": "", "logo_width": 0, "logo_height": 0}
NOTHING: dict[str, Any] = {"colour": "", "text": "", **NO_LOGO}


class Brand(Base):
    """How mails to a tenant's people look; what is empty looks as with everybody."""

    __tablename__ = "brands"

    tenant_id: Mapped[int] = mapped_column(
        BigKey, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    logo: Mapped[bytes | None] = mapped_column(LargeBinary)
    logo_type: Mapped[str] = mapped_column(default="")
    logo_width: Mapped[int] = mapped_column(default=0)
    logo_height: Mapped[int] = mapped_column(default=0)
    colour: Mapped[str] = mapped_column(default="")
    text: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime]


def of(db: Session, tenant_id: int) -> Brand | None:
    """Return the look of a tenant; None where nobody ever set one."""
    return db.get(Brand, tenant_id)


def set_colour(db: Session, tenant_id: int, colour: str, *, by: str) -> bool:
    """Colour links and buttons, empty for ours; False if they are so already; raises BadName."""
    given = colours.readable(colour) if colour.strip() else ""
    return _change(db, tenant_id, {"colour": given}, {"colour": given}, by=by)


def set_text(db: Session, tenant_id: int, text: str, *, by: str) -> bool:
    """Show a text in reports, empty for none; False if it is there already; raises BadName."""
    given = plain(text, LONGEST_TEXT)
    return _change(db, tenant_id, {"text": given}, {"text": given}, by=by)


def set_logo(db: Session, tenant_id: int, content: bytes, *, by: str) -> bool:
    """Show a logo in mails; False if it is there already; raises BadName for what is none."""
    found = pictures.read(content)
    values = {
        "logo": content,
        "logo_type": found.kind,
        "logo_width": found.width,
        "logo_height": found.height,
    }
    return _change(db, tenant_id, values, {"logo": f"{found.width} x {found.height}"}, by=by)


def remove_logo(db: Session, tenant_id: int, *, by: str) -> bool:
    """Show no logo any more; False if there is none."""
    return _change(db, tenant_id, NO_LOGO, {"logo": ""}, by=by)


def _change(
    db: Session, tenant_id: int, values: dict[str, Any], detail: dict[str, str], *, by: str
) -> bool:
    # Of two administrators who set a first look at once, one must find the other's row.
    db.execute(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True))
    brand = of(db, tenant_id) or Brand(tenant_id=tenant_id, **NOTHING)
    if all(getattr(brand, name) == value for name, value in values.items()):
        return False
    for name, value in values.items():
        setattr(brand, name, value)
    brand.changed_at = clock.now()
    db.add(brand)
    db.flush()
    events.record(db, "look_set", tenant_id=tenant_id, by=by, detail=detail)
    return True
