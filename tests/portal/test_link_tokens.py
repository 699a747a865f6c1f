import base64

import pytest
from flask.testing import FlaskClient
from itsdangerous import URLSafeSerializer
from pydantic import SecretStr

from filter.rule import load_rules
from mailstore.mailboxes import Mailbox
from mailstore.settings import Settings
from mailstore.store import Store
from portal import create_app
from portal.links import SALT, LinkForged, LinkSigner
from tests.factories import a_held_delivery
from tests.portal.browsing import Links, a_report

LETTERS = sorted("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.fixture
def links(store: Store, anna: Mailbox) -> Links:
    a_held_delivery(store, anna)
    return a_report(store, anna)


@pytest.fixture
def token(links: Links) -> str:
    """Return the token of the one held mail."""
    (path,) = links.held
    return path.removeprefix("/l/")


@pytest.mark.parametrize(
    "payload",
    ["x", ["x"], ["x", "held", "more"], ["x", "admin"], {"id": "x"}, None, 7, [None, None]],
    ids=repr,
)
def test_a_signed_token_that_names_no_link_is_not_found(
    client: FlaskClient, settings: Settings, payload: object
) -> None:
    signed = URLSafeSerializer(settings.signing_keys[0], salt=SALT).dumps(payload)
    assert client.get(f"/l/{signed}").status_code == 404


@pytest.mark.parametrize(
    "invented", ["x", "a.b", ".", "..", "%00", "%FF", "ä", "." + "A" * 5000, "a" * 100_000],
    ids=["word", "two words", "dot", "dots", "NUL", "no UTF-8", "umlaut", "packed", "endless"],
)  # fmt: skip
def test_an_invented_token_is_not_found(client: FlaskClient, invented: str) -> None:
    assert client.get(f"/l/{invented}").status_code == 404


def test_a_token_with_any_byte_changed_is_not_found(client: FlaskClient, token: str) -> None:
    for place in range(len(token) - 1):
        other = "A" if token[place] != "A" else "B"
        changed = token[:place] + other + token[place + 1 :]
        assert client.get(f"/l/{changed}").status_code == 404, place


def test_spellings_of_its_last_character_are_refused_or_the_same_link(
    settings: Settings, token: str
) -> None:
    signer = LinkSigner(settings.signing_keys)
    read = []
    for spelling in (f"{token}=", *(token[:-1] + last for last in LETTERS)):
        try:
            read.append(signer.read(spelling))
        except LinkForged:
            continue
    assert set(read) == {signer.read(token)}


@pytest.mark.parametrize("more", ["A", ".", "%20", "/", "%0A"])
def test_a_token_with_something_appended_is_not_found(
    client: FlaskClient, token: str, more: str
) -> None:
    assert client.get(f"/l/{token}{more}").status_code == 404


def test_a_token_for_another_purpose_is_not_found(
    client: FlaskClient, settings: Settings, token: str
) -> None:
    named = LinkSigner(settings.signing_keys).read(token)
    other = URLSafeSerializer(settings.signing_keys[0], salt="another-purpose").dumps(list(named))
    assert client.get(f"/l/{other}").status_code == 404


def test_the_row_and_not_the_token_says_what_a_link_opens(
    client: FlaskClient, settings: Settings, token: str
) -> None:
    link_id, _kind = LinkSigner(settings.signing_keys).read(token)
    turned = URLSafeSerializer(settings.signing_keys[0], salt=SALT).dumps([link_id, "webmail"])
    answer = client.get(f"/l/{turned}")
    assert (answer.status_code, "Plans" in answer.text) == (200, True)


def test_a_link_outlives_the_change_of_keys_until_its_key_is_gone(
    settings: Settings, store: Store, token: str
) -> None:
    old, new = settings.signing_keys[0], "n" * 40
    for keys, status in ((f"{new},{old}", 200), (new, 404)):
        changed = settings.model_copy(update={"secret_key": SecretStr(keys)})
        app = create_app(changed, store, tuple(load_rules().values()))
        assert app.test_client().get(f"/l/{token}").status_code == status


def test_no_token_tells_anything_to_who_decodes_it(links: Links) -> None:
    for path in (*links.held, links.quarantine, links.webmail):
        payload = path.removeprefix("/l/").partition(".")[0]
        read = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
        for word in ("@", "anna", "muster", "Plans", "bob", "there"):
            assert word not in read
