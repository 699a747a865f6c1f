"""Keys of the customers' domains: who may sign with them, from when, until when."""

import os
import subprocess
import sys
from base64 import b64decode
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from pydantic import SecretStr
from sqlalchemy import select, update
from time_machine import Traveller

from mailstore import schema
from mailstore.domains import Domain
from mailstore.errors import Misconfigured
from mailstore.events import Event
from mailstore.sending import dkimkeys
from mailstore.sending.dkimkeys import Algorithm, DkimKey
from mailstore.sending.dkimring import Ring
from mailstore.settings import DKIM_RING, Settings
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import a_domain, as_environment

MUSTER, OTHER = "muster.example", "other.example"
RING = Ring([Fernet.generate_key().decode()])


@pytest.fixture
def domain(store: Store) -> Domain:
    with store.write() as db:
        return a_domain(db, MUSTER)


def made(store: Store, domain: Domain) -> list[DkimKey]:
    """Give a domain new keys, and return all it has."""
    pairs = RING.make_pairs(domain.name)
    with store.write() as db:
        dkimkeys.add(db, domain, pairs, by="test")
        return list(dkimkeys.keys_of(db, domain))


def activated(store: Store, domain: Domain, *keys: DkimKey) -> list[bool]:
    with store.write() as db:
        return [dkimkeys.activate(db, domain, key, by="test") for key in keys]


def signing(store: Store, domain: Domain, *, tenant_id: int = 0) -> list[str]:
    with store.read() as db:
        found = dkimkeys.signing(db, tenant_id or domain.tenant_id, domain.name)
    return [key.selector for key in found]


def test_new_keys_sign_only_once_they_are_activated(
    clock: Traveller, store: Store, domain: Domain
) -> None:
    rsa, curve = made(store, domain)
    assert (rsa.selector, curve.selector) == ("mh-20261124-rsa", "mh-20261124-ed25519")
    assert signing(store, domain) == []
    assert activated(store, domain, curve, rsa, rsa) == [True, True, False]
    assert signing(store, domain) == [rsa.selector, curve.selector]


def test_nobody_signs_with_the_keys_of_another_tenant(store: Store, domain: Domain) -> None:
    activated(store, domain, *made(store, domain))
    with store.write() as db:
        other = a_domain(db, OTHER)
    assert signing(store, domain, tenant_id=other.tenant_id) == []
    with store.write() as db:
        db.execute(update(Domain).where(Domain.id == domain.id).values(tenant_id=other.tenant_id))
    assert signing(store, domain, tenant_id=other.tenant_id) == []
    assert signing(store, domain) == []


def test_the_old_keys_sign_until_the_new_ones_do(
    clock: Traveller, store: Store, domain: Domain
) -> None:
    old = made(store, domain)
    activated(store, domain, *old)
    rsa, curve = made(store, domain)[2:]
    assert rsa.selector == "mh-20261124-2-rsa"
    assert signing(store, domain) == [key.selector for key in old]
    activated(store, domain, rsa)
    assert signing(store, domain) == [rsa.selector, "mh-20261124-ed25519"]
    activated(store, domain, curve)
    with store.read() as db:
        retired = [key for key in dkimkeys.keys_of(db, domain) if key.retired_at]
    assert [(key.selector, key.private) for key in retired] == [(key.selector, "") for key in old]


def test_a_retired_key_is_deleted_once_its_signatures_count_no_more(
    clock: Traveller, store: Store, domain: Domain
) -> None:
    key, _ = made(store, domain)
    with store.write() as db:
        assert dkimkeys.retire(db, domain, key, by="test")
        assert not dkimkeys.retire(db, domain, key, by="test")
    assert activated(store, domain, key) == [False]
    for days, gone in ((14, []), (1, [key.selector])):
        clock.shift(timedelta(days=days))
        with store.write() as db:
            assert dkimkeys.prune(db, domain, by="test") == gone
    with store.read() as db:
        kinds = list(db.scalars(select(Event.kind).where(Event.kind.startswith("dkim_"))))
    assert kinds == ["dkim_key_made"] * 2 + ["dkim_key_retired", "dkim_key_deleted"]


@on_sqlite
def test_a_ring_opens_what_it_wrapped(store: Store, domain: Domain) -> None:
    rsa, curve = made(store, domain)
    key = load_der_private_key(RING.private(rsa, MUSTER), None)
    assert isinstance(key, RSAPrivateKey)
    assert key.key_size == 2048
    seed = Ed25519PrivateKey.from_private_bytes(RING.private(curve, MUSTER))
    assert seed.public_key().public_bytes_raw() == b64decode(curve.public)
    assert [key.algorithm for key in (rsa, curve)] == [Algorithm.RSA, Algorithm.ED25519]


@on_sqlite
def test_the_ring_of_stored_mail_does_not_open_it(store: Store, domain: Domain) -> None:
    key, _ = made(store, domain)
    with pytest.raises(Misconfigured, match="learned"):
        store.ring.unwrap(key.private)
    with pytest.raises(Misconfigured, match="DKIM_RING"):
        Ring(store.settings.wrapping_keys).private(key, MUSTER)


@on_sqlite
def test_a_row_that_somebody_changed_signs_nothing(store: Store, domain: Domain) -> None:
    rsa, curve = made(store, domain)
    rsa.public = curve.public
    for key, name in ((rsa, MUSTER), (curve, OTHER)):
        with pytest.raises(Misconfigured, match="another domain"):
            RING.private(key, name)


def test_the_ring_is_that_of_the_settings_or_of_its_file(settings: Settings) -> None:
    with pytest.raises(Misconfigured, match="flask setup"):
        Ring.of(settings)
    schema.write_secrets(settings)
    pair = Ring.of(settings).make_pairs(MUSTER)[0]
    key = DkimKey(selector="s", public=pair.public, private=pair.private)
    assert Ring.of(settings).private(key, MUSTER)
    given = settings.model_copy(update={"dkim_ring": SecretStr("x" * 40)})
    with pytest.raises(Misconfigured, match="Fernet"):
        Ring.of(given)


PORTAL = """
import gc, os, sys, wsgi
from mailstore.settings import Settings
(known,) = {id(each): each for each in gc.get_objects() if isinstance(each, Settings)}.values()
ring = known.dkim_ring.get_secret_value() or "empty"
print(wsgi.app.name, ring, "mailstore.sending.dkimring" in sys.modules, sys.argv[1] in os.environ)
"""


@on_sqlite
def test_the_portal_never_has_the_ring(store: Store) -> None:
    env = os.environ | as_environment(store.settings) | {DKIM_RING: "r" * 44}
    command = [sys.executable, "-c", PORTAL, DKIM_RING]
    said = subprocess.check_output(command, env=env, text=True)  # noqa: S603 (our own program)
    assert said.split() == ["portal", "empty", "False", "False"]
