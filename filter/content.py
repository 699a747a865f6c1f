"""What goes over the wire for a delivery: our lines, then the stored bytes without the cuts."""

from collections.abc import Iterator

from filter import headers, seal
from mailstore.deliveries import Delivery, Direction
from mailstore.messages import without
from mailstore.store import Store


def wire_bytes(store: Store, delivery: Delivery) -> Iterator[bytes]:
    """Yield what goes to the next hop, under an ARC set of ours where that is asked for."""
    plain = _unsealed(store, delivery)
    return seal.sealed(store, delivery, plain) if delivery.tag else plain


def _unsealed(store: Store, delivery: Delivery) -> Iterator[bytes]:
    away = delivery.direction is Direction.OUT
    yield headers.identity(delivery) if away else headers.prepended(delivery)
    message = delivery.message
    chunks = without(store.content(message), [tuple(cut) for cut in message.cuts])
    first = next(chunks, b"")
    yield headers.tagged(first, delivery.tag) if delivery.tag else first
    yield from chunks
