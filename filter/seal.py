"""Our own ARC set (RFC 8617) above mail that we change: it vouches for what the mail was before.

A tag in the Subject breaks the sender's DKIM signature, and the customer's server may then take
the newsletter for a forgery. The set carries our results of arrival to servers that trust us.
What cannot be sealed goes out without a set.
"""

from collections.abc import Iterator

import structlog

from filter.authentication.signatures import Signed
from filter.signing import key_in
from mailstore import domains
from mailstore.deliveries import Delivery
from mailstore.settings import Settings
from mailstore.store import Store

log = structlog.get_logger()

# The set stands on top and covers the body, so the whole mail is held in memory meanwhile.
LARGEST = 8 * 2**20
RESULTS = b"authentication-results"


def sealed(store: Store, delivery: Delivery, plain: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a mail under our ARC set if its domain asks for one and there is a key."""
    if (
        store.settings.arc_key is None
        or delivery.message.size > LARGEST
        or not _asks(store, delivery)
    ):
        yield from plain
        return
    content = b"".join(plain)
    yield arc_set(store.settings, content)
    yield content


def arc_set(settings: Settings, content: bytes) -> bytes:
    """Return the fields of our set for a mail that carries our results; empty if there is none."""
    try:
        return _made(settings, content)
    except Exception as error:  # noqa: BLE001 (an edge: a library reads a stranger's header)
        log.warning("arc_seal_failed", error=type(error).__name__)
        return b""


def _asks(store: Store, delivery: Delivery) -> bool:
    with store.read() as db:
        return domains.seals(db, delivery.domain_id)


def _made(settings: Settings, content: bytes) -> bytes:
    from filter.authentication.mathematics import chain  # noqa: PLC0415 (5 MB: where mail is sealed only)

    signed = Signed.of(content)
    if signed is None or settings.arc_key is None:
        return b""
    work, _ = chain()
    ours = settings.hostname.encode()
    work.headers = [list(each) for each in signed.fields if not _foreign(each, ours)]
    work.body = signed.body
    made: list[bytes] = work.sign(
        settings.arc_selector.encode(),
        ours,
        key_in(settings.arc_key),
        ours,
    )
    return b"".join(made)


def _foreign(field: tuple[bytes, bytes], ours: bytes) -> bool:
    """Whether these are results of somebody else, which the library might not be able to read."""
    name, value = field
    return name.lower() == RESULTS and not value.strip().startswith(ours + b";")
