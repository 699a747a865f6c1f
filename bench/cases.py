"""What people ask the portal for, case by case: pages, what each must show, and who asks beside.

`inbox`: the list of the emergency webmail; what an open page asks every moment.
`search`: words, beginnings, conditions, and what nobody wrote, in an index of all mails.
`open`: a mail of 5 MB, as text and with an attachment, and the frame of its HTML.
`hostile`: a mail of 5 MB that is slow to make harmless, while somebody else reads.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from bench import large
from bench.filling import someone_else
from bench.indexed import COMMON, RARE, fill_index
from bench.installation import USER
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
    """Return the inbox and its further pages."""
    return [Asked("/webmail/"), Asked("/webmail/news", b"-", 2)]


def search(store: Store) -> list[Asked]:
    """Return searches, once all mails are in the index."""
    number = fill_index(store)
    typed = {
        COMMON: SIZE,
        "off": SIZE,
        f"{COMMON} rechnung": SIZE,
        f"from:sender has:attachment {COMMON} -sitzung": SIZE,
        f"subject:rechnung is:read after:{2000}": SIZE,
        f"{RARE}{number}": 1,
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
    others = (Asked("/webmail/", people=1, who=other),
              Asked(f"{usual}/body", TEXT, 1, 1, other))  # fmt: skip
    return [*others, Asked(path, TEXT, 1, 1, beside=others),
            Asked(f"{path}/body", TEXT, 1, 1, beside=others)]  # fmt: skip


CASES: Mapping[str, Callable[[Store], Sequence[Asked]]] = {
    "inbox": inbox,
    "search": search,
    "open": opened,
    "hostile": hostile,
}
