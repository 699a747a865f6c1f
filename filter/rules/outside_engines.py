"""What engines outside say of a mail: rspamd by its score, ClamAV by names that are guesses.

A virus that ClamAV knows by its signature is VIRUS_FOUND, like the test file that we know
ourselves. An engine that was asked and said nothing usable leaves UNSCANNED: a policy holds such
mail or puts it off, because silence does not mean clean.
"""

from filter.rule import declared
from mailstore.envelopes import MailClass
from mailstore.wording import N_

RSPAMD_SPAM = declared(
    __name__,
    "RSPAMD_SPAM",
    weight=6.0,
    says=N_("It is spam in the eyes of a second filter."),
)
RSPAMD_PROBABLY = declared(
    __name__,
    "RSPAMD_PROBABLY",
    weight=3.0,
    says=N_("It looks like spam to a second filter."),
)
CLAMAV_SUSPECTS = declared(
    __name__,
    "CLAMAV_SUSPECTS",
    weight=4.0,
    says=N_("It looks dangerous to the virus scanner."),
)
UNSCANNED = declared(
    __name__,
    "UNSCANNED",
    weight=0.0,
    says=N_("It could not be checked completely, because a scanner did not answer."),
    marks=MailClass.SPAM,
)
