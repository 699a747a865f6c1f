import pytest

from filter.rule import load_rules
from filter.rules import outside_engines
from filter.verdict import judge
from mailstore.envelopes import UNSCANNED, Action, MailClass, Symbol, Unscanned
from mailstore.policies import MANDATORY
from tests.factories import BOB, a_recipient

DELIVER, QUARANTINE, REJECT, DEFER = Action.DELIVER, Action.QUARANTINE, Action.REJECT, Action.DEFER
HOLD, LATER = Unscanned.HOLD, Unscanned.DEFER
UNEXAMINED, VIRUS = "UNEXAMINED", "VIRUS_FOUND"


@pytest.mark.parametrize(
    ("names", "unscanned", "action", "mail_class"),
    [
        ([], LATER, DELIVER, MailClass.CLEAN),
        ([UNSCANNED], HOLD, QUARANTINE, MailClass.SPAM),
        ([UNSCANNED], LATER, DEFER, MailClass.SPAM),
        ([UNSCANNED, VIRUS], LATER, REJECT, MailClass.VIRUS),
        ([UNSCANNED, "CMR-HDR-OE-EOL"], LATER, REJECT, MailClass.SPAM),
        ([UNSCANNED, "EXECUTABLE_ATTACHMENT"], LATER, QUARANTINE, MailClass.DANGEROUS),
        ([UNSCANNED, UNEXAMINED], LATER, QUARANTINE, MailClass.SPAM),
        ([UNSCANNED, "NEWSLETTER"], HOLD, QUARANTINE, MailClass.SPAM),
        (["RSPAMD_SPAM"], HOLD, QUARANTINE, MailClass.SPAM),
        (["RSPAMD_PROBABLY"], HOLD, DELIVER, MailClass.CLEAN),
        (["RSPAMD_PROBABLY", "CLAMAV_SUSPECTS"], HOLD, QUARANTINE, MailClass.SPAM),
    ],
    ids=[
        "all is well",
        "held",
        "put off",
        "a virus all the same",
        "an old program all the same",
        "dangerous all the same",
        "not examined either",
        "a newsletter",
        "spam",
        "probably spam",
        "two suspicions",
    ],
)
def test_silence_is_never_clean_and_never_hides_what_is_worse(
    names: list[str], unscanned: Unscanned, action: Action, mail_class: MailClass
) -> None:
    recipient = a_recipient(unscanned=unscanned, mandatory=MANDATORY)
    verdict = judge(recipient, BOB, [Symbol(name) for name in names])
    assert (verdict.action, verdict.mail_class) == (action, mail_class)


def test_a_reader_is_told_that_mail_was_not_scanned() -> None:
    rule = load_rules()[UNSCANNED]
    assert rule.speaks_against
    assert outside_engines.UNSCANNED == UNSCANNED
