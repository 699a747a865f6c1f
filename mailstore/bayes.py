"""What people's decisions taught: how often a token was in spam and in good mail.

A tenant learns for itself; what the operator taught is the base that all tenants share. Rows
hold keyed hashes and never words; their key is wrapped by the operator's ring. What is not seen
again for 90 days counts half, and in the end is forgotten.
"""

import functools
import math
import secrets
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import cycle, islice

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    bindparam,
    case,
    delete,
    literal,
    null,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock
from mailstore.db import Base, upsert
from mailstore.keys import KeyRing

BASE = 0
ENOUGH = 200
KEY_BYTES = 32
# How many tokens of a mail are asked about; its maker makes no more.
ASKED = 150
UNSEEN = timedelta(days=90)
# Robinson: what an unknown token says, and how many mails that belief is worth.
BELIEF, STRENGTH = 0.5, 0.45
# What says next to nothing is left out, or a long mail drowns what speaks.
TELLING = 0.1
_PLAIN = {"synchronize_session": False}


class Learner(Base):
    """Whose decisions were learned, and how many mails; number 0 is the operator's base.

    The base keeps the wrapped key that all tokens are made with.
    """

    __tablename__ = "learners"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tenant_id: Mapped[int | None] = mapped_column(
        ForeignKey("tenants.id", ondelete="CASCADE"), unique=True
    )
    ham: Mapped[int] = mapped_column(default=0)
    spam: Mapped[int] = mapped_column(default=0)
    wrapped: Mapped[str] = mapped_column(default="")


class TokenCount(Base):
    """In how many mails of each kind a learner saw a token, and the day it last did."""

    __tablename__ = "token_counts"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 (SQLAlchemy reads it from the class)

    learner_id: Mapped[int] = mapped_column(
        ForeignKey("learners.id", ondelete="CASCADE"), primary_key=True
    )
    token: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ham: Mapped[int]
    spam: Mapped[int]
    day: Mapped[date] = mapped_column(index=True)


def token_key(db: Session, ring: KeyRing) -> bytes | None:
    """Return the key that tokens are made with; None before anything was learned."""
    wrapped = db.scalar(select(Learner.wrapped).where(Learner.id == BASE))
    return ring.unwrap(wrapped) if wrapped else None


def make_token_key(db: Session, ring: KeyRing) -> bytes:
    """Return the key that tokens are made with, made if need be; wants a writing session."""
    values = {"id": BASE, "ham": 0, "spam": 0, "wrapped": ring.wrap(secrets.token_bytes(KEY_BYTES))}
    db.execute(upsert(db, Learner).values(values).on_conflict_do_nothing())
    return ring.unwrap(db.scalars(select(Learner.wrapped).where(Learner.id == BASE)).one())


def ready(db: Session, tenant_ids: Iterable[int]) -> set[int]:
    """Return the tenants for whom enough was learned, by themselves and the operator together."""
    asked = set(tenant_ids)
    rows = db.execute(
        select(Learner.id, Learner.ham, Learner.spam).where(Learner.id.in_({BASE, *asked}))
    )
    learned = {learner: (ham, spam) for learner, ham, spam in rows}
    ham, spam = learned.get(BASE, (0, 0))
    totals = {each: learned.get(each, (0, 0)) for each in asked}
    return {each for each, own in totals.items() if min(ham + own[0], spam + own[1]) >= ENOUGH}


def learn(db: Session, tenant_id: int | None, tokens: Iterable[int], *, as_spam: bool) -> None:
    """Count the tokens of one mail for a tenant, or for the base where there is none.

    The learner's row is written first, so that two who learn for the same tenant wait for
    each other there, and never crosswise at each other's tokens.
    """
    kind = "spam" if as_spam else "ham"
    other = {"ham", "spam"}.difference({kind}).pop()
    learner = {"id": _learner(tenant_id), "tenant_id": tenant_id, "wrapped": ""}
    table = Learner.__table__.c
    db.execute(
        upsert(db, Learner)
        .values(learner | {kind: 1, other: 0})
        .on_conflict_do_update(index_elements=["id"], set_={kind: table[kind] + 1})
    )
    rows = [{"learner_id": learner["id"], "token": token} for token in sorted(set(tokens))]
    counts, today = TokenCount.__table__.c, clock.today()
    if rows:
        db.connection().execute(
            upsert(db, TokenCount)
            .values({"day": today, kind: 1, other: 0})
            .on_conflict_do_update(
                index_elements=["learner_id", "token"],
                set_={kind: counts[kind] + 1, "day": today},
            ),
            rows,
        )


def unlearn(db: Session, tenant_id: int | None, tokens: Iterable[int], *, as_spam: bool) -> None:
    """Take back what `learn` counted for the same mail; nothing falls below zero."""
    kind, learner = "spam" if as_spam else "ham", _learner(tenant_id)
    for table, where in (
        (Learner, Learner.id == learner),
        (TokenCount, (TokenCount.learner_id == learner) & TokenCount.token.in_(set(tokens))),
    ):
        column = getattr(table, kind)
        less = case((column > 0, column - 1), else_=0)
        db.execute(update(table).where(where).values({kind: less}), execution_options=_PLAIN)


def forget(db: Session, most: int) -> int:
    """Halve the counts of tokens not seen for 90 days, and drop what is left of none.

    Returns how many it touched, `most` at most. They are halved again after another 90 days.
    """
    old = TokenCount.day < clock.today() - UNSEEN
    found = db.execute(select(TokenCount.learner_id, TokenCount.token).where(old).limit(most)).all()
    tokens_of: dict[int, list[int]] = {}
    for learner, token in found:
        tokens_of.setdefault(learner, []).append(token)
    halved = {"ham": TokenCount.ham // 2, "spam": TokenCount.spam // 2, "day": clock.today()}
    for learner in sorted(tokens_of):
        # Like `learn`: the learner's row first, then its tokens.
        db.scalar(select(Learner.id).where(Learner.id == learner).with_for_update())
        theirs = old, TokenCount.learner_id == learner, TokenCount.token.in_(tokens_of[learner])
        last = TokenCount.ham <= 1, TokenCount.spam <= 1
        db.execute(delete(TokenCount).where(*theirs, *last), execution_options=_PLAIN)
        db.execute(update(TokenCount).where(*theirs).values(halved), execution_options=_PLAIN)
    return len(found)


def spam_probability(db: Session, tenant_id: int, tokens: Sequence[int]) -> float | None:
    """Return how likely a mail is spam, 0 to 1; None as long as too little was learned."""
    if not tokens:
        return None
    counts: dict[int | None, tuple[int, int]] = {}
    asked = dict(zip(_SLOTS, islice(cycle(tokens), len(_SLOTS)), strict=True))
    asked["tenant_id"] = tenant_id
    for token, ham, spam in db.connection().execute(_COUNTS, asked).all():
        known = counts.get(token, (0, 0))
        counts[token] = (known[0] + ham, known[1] + spam)
    all_ham, all_spam = counts.pop(None, (0, 0))
    if min(all_ham, all_spam) < ENOUGH:
        return None
    return combined(
        robinson(ham / all_ham, spam / all_spam, ham + spam) for ham, spam in counts.values()
    )


def robinson(ham: float, spam: float, mails: int) -> float:
    """Return what one token says, by its shares of good mail and spam, and in how many it was."""
    said = spam / (ham + spam) if ham + spam else BELIEF
    return (STRENGTH * BELIEF + mails * said) / (STRENGTH + mails)


def combined(said: Iterable[float]) -> float:
    """Return what all tokens say together (Fisher's method, both ways; 0.5 is undecided)."""
    telling = [each for each in said if abs(each - BELIEF) >= TELLING]
    spammy = _chance([1 - each for each in telling])
    hammy = _chance(telling)
    return (1 + hammy - spammy) / 2


def _chance(values: Sequence[float]) -> float:
    """Return the chance that chance alone gives values this small: chi-square, 2n degrees."""
    half = -sum(map(math.log, values))
    if half <= 0:
        return 1.0
    # By logarithms: the powers themselves leave what a float can hold for a long mail.
    grows, exp = math.log(half), math.exp
    terms = (exp(step * grows - half - _log_factorial(step)) for step in range(len(values)))
    return min(sum(terms), 1.0)


@functools.cache
def _log_factorial(number: int) -> float:
    return math.lgamma(number + 1)


def _learner(tenant_id: int | None) -> int:
    return BASE if tenant_id is None else tenant_id


# One statement for each mail: the totals, which are of no token, and the counts of its tokens. It
# has a fixed number of places, so that it is not written anew for each mail.
_SLOTS = [f"token{number}" for number in range(ASKED)]
_LEARNERS = [literal(BASE), bindparam("tenant_id", type_=BigInteger)]
_COUNTS = (
    select(null().label("token"), Learner.ham, Learner.spam)
    .where(Learner.id.in_(_LEARNERS))
    .union_all(
        select(TokenCount.token, TokenCount.ham, TokenCount.spam).where(
            TokenCount.learner_id.in_(_LEARNERS),
            TokenCount.token.in_([bindparam(slot, type_=BigInteger) for slot in _SLOTS]),
        )
    )
)
