"""Domains whose mail is signed, mail that leaves them, and what DNS says of their keys."""

from collections.abc import Sequence

import dkim

from filter.content import wire_bytes
from mailstore import domains, outbox, recording
from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.envelopes import Summary
from mailstore.sending import dkimkeys
from mailstore.sending.dkimkeys import DkimKey
from mailstore.sending.dkimring import Ring
from mailstore.store import Store
from tests.factories import ANNA, BOB, a_verdict, accepted_by, deliveries_of

MUSTER = "muster.example"
MAIL = (
    b"From: Anna Muster <anna@muster.example>\r\nTo: bob@there.example\r\nSubject: Plans\r\n"
    b"Date: Tue, 24 Nov 2026 13:00:00 +0100\r\nMessage-ID: <1@muster.example>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n\r\nAt noon?\r\n"
)


def give_keys(store: Store, name: str = MUSTER, *, active: bool = True) -> Sequence[DkimKey]:
    """Give a domain new keys, which sign at once, and return all it has."""
    pairs = Ring.of(store.settings).make_pairs(name)
    with store.write() as db:
        domain = domains.named(db, name)
        dkimkeys.add(db, domain, pairs, by="test")
        for key in dkimkeys.keys_of(db, domain):
            if active and key.waits:
                dkimkeys.activate(db, domain, key, by="test")
        return dkimkeys.keys_of(db, domain)


def zone_of(keys: Sequence[DkimKey], domain: str = MUSTER) -> dict[tuple[str, str], list[str]]:
    """Return what a name server says of keys, each in the strings of a zone file."""
    return {
        ("TXT", f"{key.selector}._domainkey.{domain}"): [
            " ".join(f'"{key.record[at : at + 255]}"' for at in range(0, len(key.record), 255))
        ]
        for key in keys
    }


def leaving(
    store: Store, raw: bytes = MAIL, *, author: str = ANNA, about: str = MUSTER
) -> Delivery:
    """Queue a mail to Bob, far away; `about` is a domain of the tenant that sends it."""
    with store.write() as db:
        recipient = outbox.towards(db, store.settings, BOB, domains.named(db, about))
    known = Summary(author=Address.parse(author) if author else None)
    accepted = accepted_by(store, [a_verdict(recipient)], raw=raw, summary=known)
    (place,) = store.packs.append([accepted.sealed.slice])
    with store.write() as db:
        recording.record(db, [(accepted, place)])
        (delivery,) = deliveries_of(db, accepted)
    return delivery


def on_the_wire(store: Store, delivery: Delivery) -> bytes:
    return b"".join(wire_bytes(store, delivery))


def verified(raw: bytes, keys: Sequence[DkimKey]) -> list[bool]:
    """Return whether each signature is good, from the top, as dkimpy sees it."""
    records = {key.selector: key.record.encode() for key in keys}

    def look_up(name: bytes, **_: object) -> bytes:
        return records[name.decode().partition("._domainkey.")[0]]

    def good(at: int) -> bool:
        try:
            return bool(dkim.DKIM(raw).verify(idx=at, dnsfunc=look_up))
        except dkim.DKIMException:
            return False

    return [good(at) for at in range(len(signatures(raw)))]


def signatures(raw: bytes) -> list[dict[bytes, bytes]]:
    """Return the tags of each signature, from the top."""
    fields = dkim.DKIM(raw).headers
    return [
        dict(dkim.parse_tag_value(value)) for name, value in fields if name == b"DKIM-Signature"
    ]
