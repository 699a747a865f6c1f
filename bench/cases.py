"""What people ask the portal for, case by case: pages, what each must show, and who asks beside.

`inbox`: the list of the emergency webmail; what an open page asks every moment.
`search`: words, beginnings, conditions, and what nobody wrote, in an index of all mails.
`open`: a mail of 5 MB, as text and with an attachment, and the frame of its HTML.
`hostile`: a mail of 5 MB that is slow to make harmless, while somebody else reads.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import false, func, select

from bench import large
from bench.filling import someone_else
from bench.indexed import COMMON, OTHER, RARE, fill_index
from bench.installation import USER
from mailstore import mailboxes
from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.pages import SIZE
from mailstore.store import Store

ROW = b'class="mail-link"'
TEXT = large.SAID.encode()


@dataclass(frozen=True, slots=True)
class Asked:
    """A page that so many people ask for over and over; `shows` stands in it so many times.

    `beside` is what somebody else asks for meanwhile.
    """

    path: str
    shows: bytes = ROW
    times: int = SIZE
    people: int = 8
    who: str = USER
    beside: Sequence["Asked"] = ()


def inbox(_store: Store) -> list[Asked]:
    """Return the inbox, and what its page asks for every moment."""
    return [Asked("/webmail/"), Asked("/webmail/news", b"-", 2)]


def search(store: Store) -> list[Asked]:
    """Return searches, once all mails are in the index."""
    fill_index(store)
    with store.read() as db:
        own = mailboxes.resolve(db, Address.parse(USER))
        theirs = Delivery.mailbox_id == own.mailbox_id if own else false()
        newest = db.scalar(select(func.max(Delivery.message_id)).where(theirs))
    typed = {
        "": SIZE,
        COMMON: SIZE,
        COMMON[:3]: SIZE,
        f"{COMMON} {OTHER} -nirgends": SIZE,
        f"{COMMON} from:sender after:2000-01-01 is:read": SIZE,
        f"{RARE}{newest}": 1,
        "nirgends": 0,
    }
    return [Asked(f"/find?{urlencode({'q': text})}", times=rows) for text, rows in typed.items()]


def opened(store: Store) -> list[Asked]:
    """Return large mails, each opened by one person at a time."""
    plain = large.put(store, USER, large.plain())
    both = f"/webmail/m/{large.put(store, USER, large.attached())}"
    return [Asked(f"/webmail/m/{plain}", TEXT, 1, 1), Asked(both, b"Offerte.pdf", 1, 1),
            Asked(f"{both}/body", TEXT, 1, 1)]  # fmt: skip


def hostile(store: Store) -> list[Asked]:
    """Return a hostile mail and its frame, and what somebody else asks for meanwhile."""
    path = f"/webmail/m/{large.put(store, USER, large.hostile())}"
    other = someone_else(store)
    usual = f"/webmail/m/{large.put(store, other, large.small())}"
    others = (Asked("/webmail/", times=1, people=1, who=other),
              Asked(f"{usual}/body", TEXT, 1, 1, other))  # fmt: skip
    return [*others, Asked(path, TEXT, 1, 1, beside=others),
            Asked(f"{path}/body", TEXT, 1, 1, beside=others)]  # fmt: skip


CASES: Mapping[str, Callable[[Store], Sequence[Asked]]] = {
    "inbox": inbox,
    "search": search,
    "open": opened,
    "hostile": hostile,
}
