import base64
import string

import pytest
from flask.testing import FlaskClient
from itsdangerous import URLSafeSerializer

from mailstore.deliveries import Delivery, State
from mailstore.reports.rows import Link, LinkKind
from mailstore.settings import Settings
from mailstore.store import Store
from portal.links import SALT, LinkForged, LinkSigner
from portal.oneclick.holders import MOST_GUESSES
from tests.portal.browsing import Links, post, state

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

OLD, NEW, OTHER = "old-" * 10, "new-" * 10, "other-" * 8
LINK_ID = "abcdefghijklmnopqrstuv"
LETTERS = string.ascii_letters + string.digits + "-_."


def a_token(signer: LinkSigner, kind: LinkKind = LinkKind.HELD) -> str:
    return signer.sign(LINK_ID, kind)


def is_forged(signer: LinkSigner, token: str) -> bool:
    try:
        signer.read(token)
    except LinkForged:
        return True
    return False


@pytest.mark.parametrize("kind", LinkKind)
def test_what_was_signed_can_be_read(kind: LinkKind) -> None:
    signer = LinkSigner([NEW])
    assert signer.read(a_token(signer, kind)) == (LINK_ID, kind)


def test_the_newest_key_signs_and_older_ones_still_read() -> None:
    old, both = LinkSigner([OLD]), LinkSigner([NEW, OLD])
    assert both.read(a_token(old))
    assert LinkSigner([NEW]).read(a_token(both))
    assert is_forged(old, a_token(both))


def test_links_of_a_key_that_was_taken_away_are_dead() -> None:
    assert is_forged(LinkSigner([NEW, OTHER]), a_token(LinkSigner([OLD])))


def test_a_changed_letter_is_noticed_wherever_it_is() -> None:
    signer = LinkSigner([NEW])
    token = a_token(signer)
    for place in range(len(token) - 1):
        letter = "A" if token[place] != "A" else "B"
        assert is_forged(signer, token[:place] + letter + token[place + 1 :])


def test_the_letters_of_the_end_that_carry_no_bits_make_no_other_link() -> None:
    signer = LinkSigner([NEW])
    token = a_token(signer)
    for letter in LETTERS:
        changed = token[:-1] + letter
        assert is_forged(signer, changed) or signer.read(changed) == signer.read(token)


FORGED = {
    "nothing": "", "a dot": ".", "two dots": "..", "no signature": "W10", "letters": "x" * 5000,
    "NUL": "\0", "umlaut": "ü", "lone surrogate": "\ud800", "blank": " ", "percent": "%",
}  # fmt: skip


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
def test_what_nobody_signed_is_forged(token: str) -> None:
    assert is_forged(LinkSigner([NEW]), token)


@pytest.mark.parametrize(
    "payload",
    [None, "abc", [], ["abc"], ["abc", "held", "x"], ["abc", "other"], {"a": 1}, 7, ["abc", None]],
)
def test_a_token_of_another_shape_is_forged_even_if_we_signed_it(payload: object) -> None:
    assert is_forged(LinkSigner([NEW]), URLSafeSerializer(NEW, salt=SALT).dumps(payload))


@pytest.mark.parametrize("salt", ["cookie-session", "wtf-csrf-token", "itsdangerous", ""])
def test_a_token_for_another_purpose_is_forged(salt: str) -> None:
    token = URLSafeSerializer(NEW, salt=salt).dumps([LINK_ID, "held"])
    assert is_forged(LinkSigner([NEW]), str(token))


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: token[:5] + ("A" if token[5] != "A" else "B") + token[6:],
        lambda token: f"{token}AAAA",
        lambda token: token.partition(".")[0],
        lambda token: token.partition(".")[0] + ".",
        lambda token: token.upper(),
        lambda token: "W10." + token.partition(".")[2],
    ],
    ids=["changed", "longer", "unsigned", "empty signature", "capitals", "other content"],
)
def test_a_forged_link_is_not_found_and_does_nothing(
    client: FlaskClient, store: Store, held: Delivery, links: Links, forge: object
) -> None:
    assert callable(forge)
    path = f"/l/{forge(links.held[0].removeprefix('/l/'))}"
    for page in (path, f"{path}/body"):
        assert client.get(page).status_code == 404
    for page in (path, f"{path}/fresh"):
        assert post(client, page).status_code == 404
    assert state(store, held) is State.QUARANTINED


def test_who_guesses_too_often_has_to_wait_and_real_links_still_open(
    client: FlaskClient, links: Links
) -> None:
    for _ in range(MOST_GUESSES):
        assert client.get("/l/guessed").status_code == 404
    answer = client.get("/u/guessed")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) <= 60
    assert client.get(links.held[0]).status_code == 200


def test_a_link_of_another_key_is_not_found(
    client: FlaskClient, store: Store, held: Delivery, links: Links
) -> None:
    with store.read() as db:
        link = db.query(Link).filter_by(delivery_id=held.id).one()
    path = f"/l/{LinkSigner([OTHER]).sign(link.id, link.kind)}"
    assert client.get(path).status_code == 404
    assert post(client, path).status_code == 404


def test_the_kind_in_a_token_gives_no_more_rights_than_the_row(
    client: FlaskClient, settings: Settings, links: Links, held: Delivery
) -> None:
    payload = links.held[0].removeprefix("/l/").partition(".")[0]
    link_id = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode().split('"')[1]
    token = URLSafeSerializer(settings.signing_keys[0], salt=SALT).dumps([link_id, "webmail"])
    client.get(f"/l/{token}")
    assert client.get("/webmail/").location.startswith("/sign-in")
