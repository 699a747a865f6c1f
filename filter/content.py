"""What goes over the wire for a delivery: our lines, then the stored bytes without the cuts."""

from collections.abc import Iterator
from functools import partial

from itsdangerous import Signer

from filter import headers, seal, signing
from filter.signers import keys_for
from mailstore.deliveries import Delivery, Direction
from mailstore.messages import without
from mailstore.sending import sentcopies
from mailstore.settings import Settings
from mailstore.store import Store


def wire_bytes(store: Store, delivery: Delivery) -> Iterator[bytes]:
    """Yield what goes to the next hop: signed, and under an ARC set where that is asked for."""
    plain = partial(_unsealed, store, delivery)
    signed = signing.signed(plain, partial(keys_for, store, delivery))
    changed = delivery.tag and not sentcopies.is_one(delivery)
    return seal.sealed(store, delivery, signed) if changed else signed


def _unsealed(store: Store, delivery: Delivery) -> Iterator[bytes]:
    message = delivery.message
    chunks = without(store.content(message), [tuple(cut) for cut in message.cuts])
    first = next(chunks, b"")
    yield _above(store, delivery, first)
    yield headers.tagged(first, delivery.tag) if delivery.tag else first
    yield from chunks


def _above(store: Store, delivery: Delivery, first: bytes) -> bytes:
    """Return our lines above a mail that begins like this."""
    if sentcopies.is_one(delivery):
        with store.read() as db:
            blind = sentcopies.bcc(first, sentcopies.recipients_of(db, delivery.message_id))
        return headers.SENT_COPY + headers.identity(delivery) + blind
    if delivery.direction is Direction.OUT:
        return headers.away(delivery)
    return headers.prepended(delivery, _released(delivery, store.settings))


def _released(delivery: Delivery, settings: Settings) -> bytes:
    """Return the line that tells a released mail from others; nobody else can sign it."""
    if delivery.held_until is None:
        return b""
    # itsdangerous signs with the last key of a list.
    signer = Signer(list(reversed(settings.signing_keys)), salt="released", sep=" ")
    return b"X-Mailhafen-Released: " + signer.sign(delivery.message.public_id) + b"\r\n"
