"""What pages about domains say: states as words, steps, what keeps a domain from being removed."""

from flask_babel import gettext as _
from flask_babel import ngettext

from mailstore.domains import Takes
from mailstore.naming.faults import Grade
from mailstore.naming.findings import Said
from mailstore.naming.proofs import Seen
from mailstore.naming.removing import Hangs
from mailstore.naming.steps import Stage, Step
from mailstore.wording import N_

# The look of a state, its icon and its word.
GRADES = {
    Grade.GOOD: ("delivered", "check-circle", N_("in order")),
    Grade.ADVICE: ("waiting", "info-circle", N_("could be better")),
    Grade.MISSING: ("held", "exclamation-triangle", N_("missing")),
    Grade.UNKNOWN: ("expired", "question-circle", N_("not known now")),
    Grade.WRONG: ("dangerous", "x-circle", N_("wrong")),
}
SEEN = {
    Seen.NOTHING: N_("The record is not there yet. A new one may take some hours to show."),
    Seen.OTHER: N_("A record is there, but it says something else. Compare it with the one above."),
    Seen.UNKNOWN: N_("No name server answered. We ask again by ourselves."),
    Seen.TAKEN: N_(
        "The record is there, but the domain is set up for somebody else here. They have to "
        "remove it first; the operator of this service can tell you more."
    ),
}
STAGES = {
    Stage.FIND: N_("Find the server"),
    Stage.CONNECT: N_("Connect"),
    Stage.HELLO: N_("Greet"),
    Stage.TLS: N_("Encrypt"),
    Stage.KNOWN: N_("Ask for somebody you know"),
    Stage.UNKNOWN: N_("Ask for somebody who does not exist"),
}
TAKES = {
    Takes.KNOWN: (
        N_("Known people only"),
        N_("Mail for others is refused at once, and its sender learns it."),
    ),
    Takes.CALLOUT: (
        N_("Known people, and whom the mail server knows"),
        N_(
            "We ask your mail server about anybody we do not know. While it does not answer, "
            "mail for known people is taken, and senders to others come again later."
        ),
    ),
    Takes.ANY: (
        N_("Anybody"),
        N_("Also misspelt and invented names: expect much spam."),
    ),
}


def sentence(said: Said | Step) -> str:
    """Return how something is mended, in the reader's language."""
    about = said.about if isinstance(said, Said) else {}
    return str(_(said.sentence, **about)) if said.sentence else ""


def hanging(found: dict[Hangs, int]) -> list[str]:
    """Return what keeps a domain from being removed, as sentences."""
    said = []
    if Hangs.LAST in found:
        said.append(_("It is your only domain."))
    if count := found.get(Hangs.MAILBOXES):
        said.append(ngettext("%(num)d person has an address there.",
                             "%(num)d people have addresses there.", count))  # fmt: skip
    if count := found.get(Hangs.ALIASES):
        said.append(ngettext("%(num)d other domain stands for it.",
                             "%(num)d other domains stand for it.", count))  # fmt: skip
    if count := found.get(Hangs.MAIL):
        said.append(ngettext("%(num)d message of it is still kept. It goes when its time is over.",
                             "%(num)d messages of it are still kept. They go when their time is "
                             "over.", count))  # fmt: skip
    return said


def no_route() -> str:
    """Return what is told of a next hop that cannot be one."""
    return str(_("This is not a mail server. One looks like mail.example.com:25, several are "
                 "separated by commas."))  # fmt: skip


def just_now() -> str:
    """Return what is told to whoever asks again at once."""
    return str(_("That was asked a moment ago. Please wait a little before you ask again."))
