"""What can be wrong with a next hop: how grave each is, and how it is mended."""

from collections.abc import Mapping
from enum import StrEnum

from mailstore.naming.faults import Grade
from mailstore.wording import N_


class Trouble(StrEnum):
    """What can be wrong."""

    FORBIDDEN = "forbidden"
    NOWHERE = "nowhere"
    SILENT = "silent"
    UNWILLING = "unwilling"
    NO_TLS = "no tls"
    TLS_NEEDED = "tls needed"
    TLS_BROKEN = "tls broken"
    UNPROVEN = "unproven"
    ENDS_SOON = "ends soon"
    NOBODY = "nobody"
    REFUSED = "refused"
    LATER = "later"
    TAKES_ANY = "takes any"
    ANSWERS_LATER = "answers later"
    CANNOT_ASK = "cannot ask"


TROUBLES: Mapping[Trouble, tuple[Grade, str]] = {
    Trouble.FORBIDDEN: (
        Grade.WRONG,
        N_(
            "This leads into a network of ours or to an address that nobody can reach: "
            "name a server on the Internet."
        ),
    ),
    Trouble.NOWHERE: (
        Grade.WRONG,
        N_("The name leads to no address: check how it is written, and its record in DNS."),
    ),
    Trouble.SILENT: (
        Grade.WRONG,
        N_(
            "Nobody answers: let our addresses in at your firewall, at this port, and "
            "check that the server runs."
        ),
    ),
    Trouble.UNWILLING: (
        Grade.WRONG,
        N_("The server turns us away: let our addresses in there, also past its own filter."),
    ),
    Trouble.NO_TLS: (
        Grade.ADVICE,
        N_("The server offers no STARTTLS, so mail goes to it in the clear: switch it on there."),
    ),
    Trouble.TLS_NEEDED: (
        Grade.WRONG,
        N_(
            "You asked for TLS that proves the server, and it does not prove itself: mail"
            " waits until it does."
        ),
    ),
    Trouble.TLS_BROKEN: (
        Grade.WRONG,
        N_(
            "TLS is offered and fails, so mail goes in the clear: check the certificate "
            "and the versions of TLS there."
        ),
    ),
    Trouble.UNPROVEN: (
        Grade.ADVICE,
        N_(
            "The certificate proves nothing to strangers: install one from a public "
            "authority for this name."
        ),
    ),
    Trouble.ENDS_SOON: (Grade.ADVICE, N_("The certificate ends soon: renew it.")),
    Trouble.NOBODY: (
        Grade.ADVICE,
        N_("Nobody of this domain is known here yet: add people, and test again."),
    ),
    Trouble.REFUSED: (
        Grade.WRONG,
        N_(
            "The server refuses mail for somebody who is known here: check the address "
            "there, and that our addresses are let in."
        ),
    ),
    Trouble.LATER: (
        Grade.ADVICE,
        N_(
            "The server asks us to come later (greylisting?): exempt our addresses, mail "
            "would be late."
        ),
    ),
    Trouble.TAKES_ANY: (
        Grade.ADVICE,
        N_(
            "The server takes mail for anybody, also for people who do not exist: keep "
            "“known people only” here."
        ),
    ),
    Trouble.ANSWERS_LATER: (
        Grade.ADVICE,
        N_("The server does not say whether somebody exists: keep “known people only” here."),
    ),
    Trouble.CANNOT_ASK: (
        Grade.WRONG,
        N_(
            "The server takes no mail without a sender, so bounces and our questions "
            "fail: allow the empty sender there."
        ),
    ),
}
