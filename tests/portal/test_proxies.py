"""Who asks, where a proxy stands between."""

import pytest
from flask import Flask, request

from mailstore.settings import Settings
from mailstore.store import Store
from portal.app import create_app

PERSON, CLAIMED = "198.51.100.7", "203.0.113.9"


def seen_from(app: Flask, peer: str, said: str) -> str | None:
    """Return where the portal takes somebody to be, who comes from a peer that says so."""
    seen = []
    app.before_request_funcs.setdefault(None, []).append(lambda: seen.append(request.remote_addr))
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = peer
    client.get("/sign-in", headers={"X-Forwarded-For": said} if said else {})
    return seen[0]


@pytest.mark.parametrize(
    ("peer", "said", "seen"),
    [
        ("127.0.0.1", PERSON, PERSON),
        ("127.0.0.1", f"{CLAIMED}, {PERSON}", PERSON),
        ("127.0.0.1", "", "127.0.0.1"),
        ("10.1.2.3", PERSON, PERSON),
        (PERSON, CLAIMED, PERSON),
        ("", CLAIMED, ""),
    ],
    ids=["our proxy", "a person who adds one", "no proxy", "a network", "a stranger", "a socket"],
)
def test_only_a_proxy_of_ours_says_who_asks(
    settings: Settings, store: Store, peer: str, said: str, seen: str
) -> None:
    behind = settings.model_copy(update={"web_proxies": "127.0.0.1,10.0.0.0/8"})
    assert seen_from(create_app(behind, store, ()), peer, said) == seen
