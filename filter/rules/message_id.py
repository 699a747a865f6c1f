"""Mail whose Message-ID is missing, broken, or was only added by a relay on the way.

RFC 5322 §3.6.4 asks for one and every mail program writes it; programs that send spam forget it,
and then the first real mail server adds its own, with the id under which it took the mail.
"""

import re
from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.route import from_the_net, hops
from filter.views.shape import field
from mailstore.envelopes import Symbol
from mailstore.wording import N_

MESSAGE_ID_MISSING = "MESSAGE_ID_MISSING"
MESSAGE_ID_BROKEN = "MESSAGE_ID_BROKEN"
MESSAGE_ID_BY_RELAY = "MESSAGE_ID_BY_RELAY"
SHORTEST_ID = 6
_WELL_FORMED = re.compile(r"<[^<>@\s]{1,250}@[^<>@\s]{1,250}>")


@rule(
    MESSAGE_ID_MISSING,
    weight=0.9,
    says=N_("It has no number of its own, as every proper mail does."),
)
def find_message_id_missing(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if there is no Message-ID, or an empty one."""
    if field(exam.mail, "message-id") in ("", "<>"):
        yield Symbol(MESSAGE_ID_MISSING)


@rule(
    MESSAGE_ID_BROKEN, weight=1.3, says=N_("Its number is not written as mail programs write it.")
)
def find_message_id_broken(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the Message-ID is not of the form <left@right>."""
    written = field(exam.mail, "message-id")
    if written not in ("", "<>") and not _WELL_FORMED.fullmatch(written):
        yield Symbol(MESSAGE_ID_BROKEN, written[:100])


@rule(
    MESSAGE_ID_BY_RELAY,
    weight=2.4,
    says=N_("The program that wrote it left work undone that a mail server had to do."),
)
def find_message_id_by_relay(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the id is that under which a hop took the mail from another host."""
    written = field(exam.mail, "message-id").lower()
    for hop in hops(exam.mail):
        if hop.by and len(hop.id) >= SHORTEST_ID and from_the_net(hop):
            left, _, right = written.strip("<>").rpartition("@")
            if hop.id in left and (hop.by in right or right in hop.by):
                yield Symbol(MESSAGE_ID_BY_RELAY, hop.by)
                return
