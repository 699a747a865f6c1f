"""Values a mail's way is written in; frozen, and without a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mailstore.addresses import Address


class Action(StrEnum):
    """What becomes of a mail for one recipient."""

    DELIVER = "deliver"
    QUARANTINE = "quarantine"
    REJECT = "reject"
    DEFER = "defer"


class MailClass(StrEnum):
    """What a mail is, as people see it; it decides what they may do with it."""

    CLEAN = "clean"
    NEWSLETTER = "newsletter"
    SPAM = "spam"
    PHISH = "phish"
    DANGEROUS = "dangerous"
    VIRUS = "virus"
    REPORT = "report"


class NewsletterAction(StrEnum):
    """What a policy does with newsletters."""

    TAG = "tag"
    HEADER = "header"
    HOLD = "hold"
    NOTHING = "nothing"


class Impersonation(StrEnum):
    """What a policy does with mail that pretends to come from somebody the reader trusts."""

    OFF = "off"
    WARN = "warn"
    HOLD = "hold"


class HeldRight(StrEnum):
    """What a policy lets people do with held mail of a class."""

    DELIVER = "deliver"
    ASK = "ask"
    SEE = "see"
    HIDDEN = "hidden"


class HeldNotice(StrEnum):
    """Of which held mail a policy tells people at once, and not only by the report."""

    OFF = "off"
    BORDERLINE = "borderline"
    ALL = "all"


class Unscanned(StrEnum):
    """What a policy does with mail that a scanner could not look at."""

    HOLD = "hold"
    DEFER = "defer"


class Attachments(StrEnum):
    """What a policy does with dangerous attachments; a virus is held whatever it says."""

    HOLD = "hold"
    REFUSE = "refuse"


class OwnLists(StrEnum):
    """Whether a policy lets people keep sender lists of their own."""

    YES = "yes"
    BLOCK = "block"
    NO = "no"


# The finding that a scanner was asked about a mail and did not say.
UNSCANNED = "UNSCANNED"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A finding of a rule, with what it saw and, once judged, a policy's points for it."""

    name: str
    detail: str = ""
    points: float = 0.0


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds, weights and lists that apply to one recipient.

    Of the lists it holds what they say of one mail: its author in `allowed` and `blocked`, the
    entries in `doubted` that would allow it if it were proven, `untagged` where the reader wants
    no tag from this author, and in `hits` the entries that spoke and have long not been noted.
    `send_…` are limits of whom somebody may write to (mailstore/sending/limits.py); `own_score` are
    the bounds within which people choose `quarantine_at` themselves, None where they may not; days
    that are None are the tenant's. mailstore/policyvalues.py says what each value may be.
    """

    quarantine_at: float = 5.0
    reject_at: float | None = None
    newsletters: NewsletterAction = NewsletterAction.TAG
    newsletter_tag: str = "[PUB]"
    impersonation: Impersonation = Impersonation.WARN
    attachments: Attachments = Attachments.HOLD
    unscanned: Unscanned = Unscanned.HOLD
    weights: Mapping[str, float] = field(default_factory=dict)
    mandatory: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    doubted: frozenset[str] = frozenset()
    untagged: bool = False
    hits: frozenset[int] = frozenset()
    report: bool = True
    report_at: str = "09:00"
    report_on: str = "daily"
    report_choice: bool = True
    report_empty: bool = False
    report_tagged: bool = False
    report_refused: bool = False
    report_folds_at: float = 15.0
    notice: HeldNotice = HeldNotice.OFF
    rights: Mapping[str, HeldRight] = field(default_factory=dict)
    own_lists: OwnLists = OwnLists.YES
    own_score: tuple[float, float] | None = None
    webmail: bool = True
    keep_days: int | None = None
    held_days: int | None = None
    send_hour: int = 200
    send_day: int = 500
    send_hour_new: int = 50
    send_day_new: int = 200
    send_unknown: int = 20


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address of the envelope, resolved to its mailbox, tenant, next hop and policy.

    At the far end of outgoing mail there is no mailbox.
    """

    address: Address
    tenant_id: int
    domain_id: int
    mailbox_id: int | None
    lane_id: int
    keep_days: int
    held_days: int
    policy: Policy


@dataclass(frozen=True, slots=True)
class Client:
    """Who speaks SMTP to us."""

    ip: str
    helo: str
    tls: bool = False
    user: str | None = None
    esmtp: bool = True


@dataclass(frozen=True, slots=True)
class Envelope:
    """MAIL FROM and all RCPT TO of one transaction (RFC 5321 §2.3.1)."""

    client: Client
    sender: Address | None
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose name strangers may not use."""

    name: str
    addresses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TenantFacts:
    """What rules know of a tenant; names of domains are lower case."""

    tenant_id: int
    name: str = ""
    domains: frozenset[str] = frozenset()
    partners: frozenset[str] = frozenset()
    strict_domains: frozenset[str] = frozenset()
    people: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """What a mail came to for a recipient before it was even recorded: it arrived, or cannot."""

    arrived: bool
    reply: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a mail for one recipient, and why.

    `trail` are the steps of the decision in their order; `warning` what the reader is told to
    beware of, as symbols, empty if nothing; `ended` where nothing is left to be handed on.
    """

    recipient: Recipient
    action: Action
    mail_class: MailClass
    score: float
    reason: str
    symbols: tuple[Symbol, ...]
    trail: tuple[str, ...] = ()
    warning: str = ""
    ended: Ended | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What lists show of a message, read from its content once, in the sandbox.

    `thread` is the same for all mail of a conversation; 0 for mail that says of none.
    """

    author: Address | None = None
    author_name: str = ""
    subject: str = ""
    message_id: str = ""
    snippet: str = ""
    attachments: int = 0
    thread: int = 0
    cuts: tuple[tuple[int, int], ...] = ()
