"""What can be said against an entry of a sender list, and how grave it is."""

from enum import StrEnum

from mailstore import advice
from mailstore.senders import Listed
from mailstore.wording import N_


class Finding(StrEnum):
    """Something that speaks against an entry, or against keeping it."""

    OWN = "own"
    FREE = "free"
    PUBLIC = "public"
    CHANGES = "changes"
    WIDE = "wide"
    IMPOSTOR = "impostor"
    POSED = "posed"
    UNPROVEN = "unproven"
    WRITTEN = "written"
    CONTRADICTS = "contradicts"
    BEATEN = "beaten"
    NEEDLESS = "needless"
    BELOW = "below"
    TWICE = "twice"
    COVERED = "covered"
    ENDED = "ended"
    ENDS_SOON = "ends_soon"
    NEVER_MET = "never_met"


class Unusable(StrEnum):
    """Why a line of a file can be no entry."""

    NETWORK = "network"
    EXPRESSION = "expression"
    WILDCARD = "wildcard"
    EVERYBODY = "everybody"
    UNREADABLE = "unreadable"
    DEED = "deed"
    PROOF = "proof"
    END = "end"


class Group(StrEnum):
    """Where an entry of a file stands: only the first is chosen unless somebody says otherwise."""

    GOOD = "good"
    NEEDLESS = "needless"
    CARELESS = "careless"
    PRESENT = "present"
    UNUSABLE = "unusable"


SENTENCES = {
    Finding.OWN: advice.OWN_ALLOWED,
    Finding.FREE: advice.FREE,
    Finding.PUBLIC: N_("Below this ending everybody can have a domain."),
    Finding.CHANGES: advice.CHANGES,
    Finding.WIDE: advice.WIDE,
    Finding.IMPOSTOR: N_("It looks like a name that you trust, as impostors choose them:"),
    Finding.POSED: N_("Mail from there pretended to come from somebody whom you know."),
    Finding.UNPROVEN: advice.UNPROVEN,
    Finding.WRITTEN: N_("Your people write to this sender, whose answers would be refused."),
    Finding.CONTRADICTS: N_("Another entry says the opposite of this sender:"),
    Finding.BEATEN: N_(
        "Mail from there was stopped for a virus, fraud or forgery, which no entry lifts."
    ),
    Finding.NEEDLESS: N_("Within 30 days no mail from there was held, or nearly so."),
    Finding.BELOW: N_("Domains below it are not meant: each of them needs an entry of its own."),
    Finding.TWICE: N_("It is on the list already, or stands in the file more than once."),
    Finding.COVERED: N_("Another entry says the same of more senders, or for more people:"),
    Finding.ENDED: N_("It has ended and counts no more."),
    Finding.ENDS_SOON: N_("It ends within two weeks."),
    Finding.NEVER_MET: N_("No mail has met it within 90 days."),
    Unusable.NETWORK: N_("An IP address says nothing about who writes."),
    Unusable.EXPRESSION: N_("A regular expression cannot be an entry."),
    Unusable.WILDCARD: N_("A star within an address means nothing here."),
    Unusable.EVERYBODY: N_("A whole top-level domain cannot be an entry."),
    Unusable.UNREADABLE: N_("This is neither a mail address nor a domain."),
    Unusable.DEED: N_("What is to be done with this sender cannot be understood."),
    Unusable.PROOF: N_("What is to prove this sender cannot be understood."),
    Unusable.END: N_("When it is to end cannot be understood."),
}
# What is different where an entry blocks.
BLOCKING = {Finding.OWN: advice.OWN_BLOCKED}
CARELESS = frozenset({
    Finding.OWN, Finding.FREE, Finding.PUBLIC, Finding.CHANGES, Finding.WIDE, Finding.IMPOSTOR,
    Finding.POSED, Finding.UNPROVEN, Finding.WRITTEN, Finding.CONTRADICTS,
})  # fmt: skip
USELESS = frozenset({Finding.BEATEN, Finding.NEEDLESS})
PRESENT = frozenset({Finding.TWICE, Finding.COVERED})


def sentence(found: str, listed: Listed | None) -> str:
    """Return what a finding or a reason says of an entry, not translated yet."""
    if found in set(Unusable):
        return SENTENCES[Unusable(found)]
    finding = Finding(found)
    return (BLOCKING if listed is Listed.BLOCKED else SENTENCES).get(finding, SENTENCES[finding])
