"""An author at a free mail provider whose mail never passed that provider.

People do send with such an address from elsewhere, from a web form or a small shop, so it is
below the threshold. Lists hide where a mail began: they are left out.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.route import hops
from filter.views.shape import is_list
from mailstore.envelopes import Symbol
from mailstore.wording import N_

FORGED_FREEMAIL = "FORGED_FREEMAIL"
PROVIDERS = {
    "hotmail": ("hotmail", "outlook", "msn", "microsoft"),
    "outlook": ("outlook", "hotmail", "microsoft"),
    "live": ("outlook", "hotmail", "live", "microsoft"),
    "msn": ("hotmail", "msn", "outlook", "microsoft"),
    "yahoo": ("yahoo",),
    "gmail": ("google", "gmail"),
    "gmx": ("gmx", "web.de", "1and1", "kundenserver"),
    "web": ("web.de", "gmx"),
    "aol": ("aol", "yahoo"),
    "icloud": ("icloud", "apple", "me.com"),
    "bluewin": ("bluewin", "swisscom"),
    "libero": ("libero", "italiaonline"),
    "orange": ("orange", "wanadoo"),
    "laposte": ("laposte",),
    "excite": ("excite",),
    "lycos": ("lycos",),
    "mail": ("mail.com", "outblaze", "mail.ru"),
    "netscape": ("netscape", "aol"),
    "juno": ("juno", "untd"),
    "eudoramail": ("eudoramail", "lycos"),
    "usa": ("usa.net",),
    "email": ("mail.com", "outblaze"),
    "earthlink": ("earthlink", "mindspring"),
    "freenet": ("freenet",),
    "t-online": ("t-online",),
    "tiscali": ("tiscali",),
    "proton": ("proton",),
    "protonmail": ("proton",),
}
ENDINGS = frozenset({"com", "de", "ch", "fr", "it", "net", "ru", "me", "at", "co.uk", "ca"})


@rule(
    FORGED_FREEMAIL,
    weight=1.7,
    says=N_("Its author's address is at a provider that never saw this mail."),
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if no hop names the provider of the author's address."""
    if is_list(exam.mail) or not hops(exam.mail):
        return
    seen = " ".join(f"{hop.reverse} {hop.by} {hop.ip and hop.helo}" for hop in hops(exam.mail))
    for _, author in exam.mail.authors[:1]:
        name, _, ending = author.domain.partition(".")
        known = PROVIDERS.get(name, ()) if ending in ENDINGS else ()
        if known and not any(each in seen for each in known):
            yield Symbol(FORGED_FREEMAIL, str(author))
