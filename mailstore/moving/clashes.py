"""Why a line of a file or an address cannot be used, in words."""

from collections.abc import Callable, Mapping

from mailstore.moving.wishes import Clash, Trouble
from mailstore.wording import N_

LONGEST_SHOWN = 120
CLASHES: Mapping[Clash, str] = {
    Clash.NO_ADDRESS: N_("The line has no mail address."),
    Clash.BAD_ADDRESS: N_("“%(text)s” is not a mail address."),
    Clash.BAD_NAME: N_("The name is too long, or has characters that nobody sees."),
    Clash.TOO_MANY: N_("The line has more than %(text)s aliases."),
    Clash.TWICE: N_("“%(text)s” stands in line %(other)s already."),
    Clash.MAIN_IN_FILE: N_("“%(text)s” is an alias here and the main address of line %(other)s."),
    Clash.FOREIGN: N_("The domain of “%(text)s” is none that you administer here."),
    Clash.ALIAS_DOMAIN: N_(
        "“%(text)s” is at an alias domain: its mail goes to the people of %(other)s by itself."
    ),
    Clash.IS_ALIAS: N_("“%(text)s” is an alias of %(other)s already."),
    Clash.IS_MAIN: N_("“%(text)s” is the main address of somebody already."),
    Clash.OTHERS: N_("“%(text)s” is an alias of %(other)s already."),
    Clash.FOREIGN_ALIAS: N_(
        "The alias “%(text)s” is at another domain, whose mail does not come here."
    ),
    Clash.TAKEN: N_("“%(text)s” is here already."),
    Clash.FAILED: N_("“%(text)s” was taken by somebody at the same moment."),
}


def said(trouble: Trouble, translated: Callable[[str], str] = str) -> str:
    """Return the sentence for what is wrong, in the language that `translated` speaks."""
    shown = {"text": trouble.text[:LONGEST_SHOWN], "other": trouble.other[:LONGEST_SHOWN]}
    return translated(CLASHES[trouble.clash]) % shown
