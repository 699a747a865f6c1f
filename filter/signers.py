"""Which keys sign a delivery: those of its author's domain, or our own for mail of our own.

A domain's keys sign for the tenant that it belongs to, and for nobody else.
"""

import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from cryptography.hazmat.primitives.serialization import load_der_private_key

from filter.signing import Key, name_in_dns, own_keys
from mailstore.deliveries import Delivery, Direction
from mailstore.envelopes import MailClass
from mailstore.sending import dkimkeys
from mailstore.sending.dkimkeys import Algorithm, DkimKey
from mailstore.sending.dkimring import Ring
from mailstore.store import Store

# A key that is retired signs no longer than this; one that is not asked for is forgotten.
KEPT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Kept:
    until: float
    keys: Sequence[Key]


_KEPT: WeakKeyDictionary[Store, dict[tuple[int, str], _Kept]] = WeakKeyDictionary()


def keys_for(store: Store, delivery: Delivery) -> Sequence[Key]:
    """Return what signs a delivery, the first on top: nothing for mail of strangers.

    Raises Misconfigured, OSError and ValueError where a key cannot be used.
    """
    message = delivery.message
    if delivery.direction is Direction.OUT or message.writer_id is not None:
        found = _of_domain(store, delivery.tenant_id, message.author.rpartition("@")[2])
        if found:
            return found
    if delivery.mail_class is MailClass.REPORT and message.is_ours:
        return own_keys(store.settings)
    return ()


def _of_domain(store: Store, tenant_id: int, name: str) -> Sequence[Key]:
    now, asked = time.monotonic(), (tenant_id, name)
    kept = {whose: each for whose, each in _KEPT.get(store, {}).items() if each.until > now}
    if asked not in kept:
        kept[asked] = _Kept(now + KEPT_SECONDS, _looked_up(store, *asked))
        _KEPT[store] = kept
    return kept[asked].keys


def _looked_up(store: Store, tenant_id: int, name: str) -> Sequence[Key]:
    with store.read() as db:
        rows = dkimkeys.signing(db, tenant_id, name)
    if not rows:
        return ()
    ring, domain = Ring.of(store.settings), name_in_dns(name)
    return [Key(domain, row.selector, row.algorithm, _opened(ring, row, name)) for row in rows]


def _opened(ring: Ring, row: DkimKey, name: str) -> Any:
    private = ring.private(row, name)
    if row.algorithm is Algorithm.ED25519:
        return base64.b64encode(private)
    # Proving the numbers of a key takes 40 ms, and the ring has proven the key.
    return load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)
