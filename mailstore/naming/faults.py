"""What can be wrong with a domain's records: how grave each is, and how it is mended.

Sentences are not translated yet; their gaps are filled from a finding's `about`.
"""

from collections.abc import Mapping
from enum import StrEnum

from mailstore.wording import N_


class Grade(StrEnum):
    """How grave a finding is, the gravest first."""

    WRONG = "wrong"
    MISSING = "missing"
    UNKNOWN = "unknown"
    ADVICE = "advice"
    GOOD = "good"


# What keeps mail from coming, or from being believed.
GRAVE = (Grade.WRONG, Grade.MISSING)


class Fault(StrEnum):
    """What can be found."""

    UNANSWERED = "unanswered"
    MX_NONE = "mx none"
    MX_NULL = "mx null"
    MX_ELSEWHERE = "mx elsewhere"
    MX_MIXED = "mx mixed"
    SPF_NONE = "spf none"
    SPF_SEVERAL = "spf several"
    SPF_WITHOUT_US = "spf without us"
    SPF_LOOKUPS = "spf lookups"
    SPF_BROKEN = "spf broken"
    SPF_DEAD = "spf dead"
    SPF_OPEN = "spf open"
    SPF_NEUTRAL = "spf neutral"
    SPF_SOFT = "spf soft"
    SPF_MX = "spf mx"
    SPF_PTR = "spf ptr"
    DKIM_NO_KEYS = "dkim no keys"
    DKIM_ABSENT = "dkim absent"
    DKIM_SEVERAL = "dkim several"
    DKIM_UNUSABLE = "dkim unusable"
    DKIM_OTHER_KEY = "dkim other key"
    DKIM_READY = "dkim ready"
    DMARC_NONE = "dmarc none"
    DMARC_ABOVE = "dmarc above"
    DMARC_SEVERAL = "dmarc several"
    DMARC_BROKEN = "dmarc broken"
    DMARC_WATCHES = "dmarc watches"
    DMARC_NO_REPORTS = "dmarc no reports"
    STS_NONE = "sts none"
    STS_BROKEN = "sts broken"
    STS_UNREADABLE = "sts unreadable"
    STS_OTHER_SERVERS = "sts other servers"
    TLS_RPT_NONE = "tls-rpt none"
    TLS_RPT_BROKEN = "tls-rpt broken"


# The weight of each, and how it is mended.
FAULTS: Mapping[Fault, tuple[Grade, str]] = {
    Fault.UNANSWERED: (Grade.UNKNOWN, N_("No name server answered. Check again in a few minutes.")),
    Fault.MX_NONE: (
        Grade.MISSING,
        N_("No server takes mail for the domain: publish these records."),
    ),
    Fault.MX_NULL: (
        Grade.WRONG,
        N_("The record says that the domain takes no mail at all: replace it."),
    ),
    Fault.MX_ELSEWHERE: (
        Grade.MISSING,
        N_(
            "Mail goes to other servers and not through us yet: replace them by these "
            "records when you move."
        ),
    ),
    Fault.MX_MIXED: (
        Grade.WRONG,
        N_(
            "Mail can go around us, and senders of spam do that: remove the other servers"
            " (%(others)s)."
        ),
    ),
    Fault.SPF_NONE: (
        Grade.MISSING,
        N_("Nothing says who may send for the domain: publish this record."),
    ),
    Fault.SPF_SEVERAL: (
        Grade.WRONG,
        N_("There are several records, so none of them counts: leave one."),
    ),
    Fault.SPF_WITHOUT_US: (
        Grade.MISSING,
        N_("Our servers may not send for the domain: add “%(ours)s”."),
    ),
    Fault.SPF_LOOKUPS: (
        Grade.WRONG,
        N_(
            "The record takes %(count)d look-ups, and beyond 10 it counts as broken: take"
            " out what is not used any more."
        ),
    ),
    Fault.SPF_BROKEN: (
        Grade.WRONG,
        N_(
            "“%(term)s” is not understood, so the whole record counts as broken: correct "
            "or remove it."
        ),
    ),
    Fault.SPF_DEAD: (
        Grade.WRONG,
        N_("“%(name)s” has no such record, so this one counts as broken: remove it."),
    ),
    Fault.SPF_OPEN: (
        Grade.WRONG,
        N_("“+all” lets everybody send for the domain: end the record on “-all”."),
    ),
    Fault.SPF_NEUTRAL: (
        Grade.ADVICE,
        N_("The record forbids nobody to send for the domain: end it on “-all”."),
    ),
    Fault.SPF_SOFT: (
        Grade.ADVICE,
        N_(
            "“~all” only asks for suspicion: end the record on “-all” once all your "
            "senders are in it."
        ),
    ),
    Fault.SPF_MX: (
        Grade.ADVICE,
        N_(
            "“mx” is not needed for us and costs a look-up: remove it unless your own servers send."
        ),
    ),
    Fault.SPF_PTR: (Grade.ADVICE, N_("“ptr” is slow and many ignore it: name addresses instead.")),
    Fault.DKIM_NO_KEYS: (
        Grade.MISSING,
        N_("Nothing signs the mail of this domain yet: make the keys, and publish their records."),
    ),
    Fault.DKIM_ABSENT: (Grade.MISSING, N_("The record is not there: publish it.")),
    Fault.DKIM_SEVERAL: (
        Grade.WRONG,
        N_("There are several records of that name: leave this one."),
    ),
    Fault.DKIM_UNUSABLE: (
        Grade.WRONG,
        N_("The record there cannot be used (%(why)s): replace it by this one."),
    ),
    Fault.DKIM_OTHER_KEY: (
        Grade.WRONG,
        N_("The record there belongs to another key: replace it by this one."),
    ),
    Fault.DKIM_READY: (Grade.ADVICE, N_("The record is there: let this key sign.")),
    Fault.DMARC_NONE: (
        Grade.MISSING,
        N_("Nothing says what is to become of forged mail: publish this record."),
    ),
    Fault.DMARC_ABOVE: (
        Grade.GOOD,
        N_(
            "The record of %(above)s counts for this domain too. One of its own is only "
            "needed for another policy."
        ),
    ),
    Fault.DMARC_SEVERAL: (
        Grade.WRONG,
        N_("There are several records, so none of them counts: leave one."),
    ),
    Fault.DMARC_BROKEN: (
        Grade.WRONG,
        N_("The record has no policy that is understood: replace it."),
    ),
    Fault.DMARC_WATCHES: (
        Grade.ADVICE,
        N_(
            "The policy only watches: choose “quarantine” once the reports are clean, and"
            " “reject” later."
        ),
    ),
    Fault.DMARC_NO_REPORTS: (
        Grade.ADVICE,
        N_("Nobody gets the reports: name an address with “rua”."),
    ),
    Fault.STS_NONE: (
        Grade.ADVICE,
        N_(
            "Optional: it makes others send to us by TLS only. Publish the record, and "
            "the file on a web server of yours."
        ),
    ),
    Fault.STS_BROKEN: (
        Grade.WRONG,
        N_("The record is not understood: there must be one, with an “id” of letters and digits."),
    ),
    Fault.STS_UNREADABLE: (
        Grade.WRONG,
        N_(
            "The file that the record announces cannot be read (%(why)s): publish it as "
            "shown here, or remove the record."
        ),
    ),
    Fault.STS_OTHER_SERVERS: (
        Grade.WRONG,
        N_(
            "The file does not name our servers (%(missing)s), so careful senders would "
            "deliver nothing: add them and change the “id”, a day before the mail moves."
        ),
    ),
    Fault.TLS_RPT_NONE: (
        Grade.ADVICE,
        N_("Optional: others report where TLS failed. Publish this record."),
    ),
    Fault.TLS_RPT_BROKEN: (
        Grade.WRONG,
        N_("The record is not understood, or there are several: leave one like this."),
    ),
}
