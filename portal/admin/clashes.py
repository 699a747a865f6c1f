"""Why a line of a file or an address cannot be used, in words."""

from flask_babel import lazy_gettext as _l

from mailstore.moving.planning import Clash, Trouble

LONGEST_SHOWN = 120
CLASHES = {
    Clash.NO_ADDRESS: _l("The line has no mail address."),
    Clash.BAD_ADDRESS: _l("“%(text)s” is not a mail address."),
    Clash.BAD_NAME: _l("The name is too long, or has characters that nobody sees."),
    Clash.TOO_MANY: _l("The line has more than %(text)s aliases."),
    Clash.TWICE: _l("“%(text)s” stands in line %(other)s already."),
    Clash.MAIN_IN_FILE: _l("“%(text)s” is an alias here and the main address of line %(other)s."),
    Clash.FOREIGN: _l("The domain of “%(text)s” is none that you administer here."),
    Clash.ALIAS_DOMAIN: _l(
        "“%(text)s” is at an alias domain: its mail goes to the people of %(other)s by itself."
    ),
    Clash.IS_ALIAS: _l("“%(text)s” is an alias of %(other)s already."),
    Clash.IS_MAIN: _l("“%(text)s” is the main address of somebody already."),
    Clash.OTHERS: _l("“%(text)s” is an alias of %(other)s already."),
    Clash.FOREIGN_ALIAS: _l(
        "The alias “%(text)s” is at another domain, whose mail does not come here."
    ),
    Clash.TAKEN: _l("“%(text)s” is here already."),
    Clash.FAILED: _l("“%(text)s” was taken by somebody at the same moment."),
}


def said(trouble: Trouble) -> str:
    """Return the sentence for what is wrong."""
    shown = {"text": trouble.text[:LONGEST_SHOWN], "other": trouble.other[:LONGEST_SHOWN]}
    return str(CLASHES[trouble.clash] % shown)
