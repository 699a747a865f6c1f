"""What people may do with held mail of a class, by the policy of the mailbox it came to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlalchemy.orm import Session

from mailstore import inforce
from mailstore.deliveries import Delivery
from mailstore.envelopes import HeldRight, MailClass, Policy
from mailstore.scope import Scope, one_of

DEFAULT = {
    MailClass.CLEAN: HeldRight.DELIVER,
    MailClass.NEWSLETTER: HeldRight.DELIVER,
    MailClass.SPAM: HeldRight.DELIVER,
    MailClass.REPORT: HeldRight.DELIVER,
    MailClass.PHISH: HeldRight.ASK,
    MailClass.DANGEROUS: HeldRight.ASK,
    MailClass.VIRUS: HeldRight.SEE,
}
# No policy hands out a virus.
NEVER_DELIVERED = frozenset({MailClass.VIRUS})
SEEN = frozenset(HeldRight) - {HeldRight.HIDDEN}


class Held(Protocol):
    """A held mail, as a row or as a line of a list."""

    @property
    def mailbox_id(self) -> int | None:
        """Return whose it is."""

    @property
    def mail_class(self) -> MailClass:
        """Return what it is."""


def right_to(policy: Policy, mail_class: MailClass) -> HeldRight:
    """Return what a policy lets people do with held mail of a class."""
    right = policy.rights.get(mail_class, DEFAULT[mail_class])
    if mail_class in NEVER_DELIVERED and right in (HeldRight.DELIVER, HeldRight.ASK):
        return HeldRight.SEE
    return right


@dataclass(frozen=True, slots=True)
class Rights:
    """What may be done with held mail of some mailboxes, by mailbox and class."""

    by_mailbox: Mapping[int, Mapping[MailClass, HeldRight]]

    def to(self, delivery: Held) -> HeldRight:
        """Return what may be done with one held mail; of a foreign mailbox nothing at all."""
        classes = self.by_mailbox.get(delivery.mailbox_id or 0, {})
        return classes.get(delivery.mail_class, HeldRight.HIDDEN)

    def of(self, mailbox_ids: Iterable[int]) -> "Rights":
        """Return what may be done with held mail of some of these mailboxes."""
        return Rights({each: self.by_mailbox[each] for each in mailbox_ids})

    def show_all(self, scope: Scope) -> bool:
        """Whether people of a scope see held mail of each class."""
        ids = scope.mailbox_ids or frozenset()
        return ids <= self.by_mailbox.keys() and all(
            SEEN.issuperset(self.by_mailbox[each].values()) for each in ids
        )

    def allow(self, *wanted: HeldRight) -> ColumnElement[bool]:
        """Return the condition that one of these rights holds for a delivery."""
        alike: dict[frozenset[MailClass], list[int]] = defaultdict(list)
        for mailbox_id, rights in self.by_mailbox.items():
            alike[frozenset(each for each in rights if rights[each] in wanted)].append(mailbox_id)
        return or_(
            false(),
            *(
                and_(one_of(Delivery.mailbox_id, ids), _among(classes))
                for classes, ids in alike.items()
                if classes
            ),
        )


def of_scope(db: Session, scope: Scope) -> Rights:
    """Return what may be done with held mail of the mailboxes of a scope, all of them named."""
    return of_mailboxes(db, scope.mailbox_ids or ())


def of_mailboxes(db: Session, mailbox_ids: Iterable[int]) -> Rights:
    """Return what people may do with held mail of these mailboxes."""
    found = inforce.of_mailboxes(db, mailbox_ids)
    # Most mailboxes have the same policy.
    granted = {id(each): _granted(each) for each in found.values()}
    return Rights({mailbox_id: granted[id(each)] for mailbox_id, each in found.items()})


def _among(classes: Set[MailClass]) -> ColumnElement[bool]:
    # Mostly all are, which needs no look at the row.
    return true() if classes == frozenset(MailClass) else Delivery.mail_class.in_(sorted(classes))


def _granted(policy: Policy) -> dict[MailClass, HeldRight]:
    return {each: right_to(policy, each) for each in MailClass}


def of_classes(classes: Iterable[MailClass]) -> ColumnElement[bool]:
    """Return the condition that a delivery is of one of these classes, whoever asks."""
    return Delivery.mail_class.in_(sorted(classes))
