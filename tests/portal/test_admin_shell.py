"""What administrators type never reaches a shell, or starts anything at all."""

import sys
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from mailstore.accounts import Account
from mailstore.mailboxes import Mailbox
from tests.portal.browsing import post

STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "pty.spawn")
TEXTS = ("$(reboot)", "`id`", "; rm -rf /", "| cat /etc/passwd", "-oProxyCommand=x", "a\nb", "&& x")
_started: list[str] = []
_listening: list[bool] = []


def _note(event: str, _args: object) -> None:
    if _listening and event in STARTS:
        _started.append(event)


@pytest.fixture(scope="session", autouse=True)
def _hook() -> None:
    # Nothing takes a hook away again, so it hears nothing while nobody listens.
    sys.addaudithook(_note)


@pytest.fixture
def started() -> Iterator[list[str]]:
    """Return the programs that are started while a test goes on."""
    _started.clear()
    _listening.append(True)
    yield _started
    _listening.clear()


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_is_started(
    office: FlaskClient, anna: Mailbox, user: Account, started: list[str], text: str
) -> None:
    forms: dict[str, dict[str, str]] = {
        "/admin/people/": {"address": f"{text}@muster.example", "name": text, "aliases": text},
        "/admin/domains/claims/new": {"name": text, "next_hop": text, "alias_of": "0"},
        f"/admin/domains/{anna.domain_id}/hop": {"next_hop": text},
        f"/admin/mailboxes/{anna.id}/name": {"name": text},
        f"/admin/mailboxes/{anna.id}/alias": {"alias": text},
        "/admin/lists/": {"pattern": text, "listed": "blocked", "life": "ever", "owner": text},
        "/admin/policies/tenant": {"deed": "set", "name": "newsletter_tag", "value": text},
        "/admin/policies/protected/people": {"name": text, "address": text},
        "/admin/look/": {"colour": text, "text": text},
        "/admin/delivery/webhook": {"url": text},
        f"/admin/people/{user.id}/data/export": {"reason": text},
    }
    for path, form in forms.items():
        assert post(office, path, "/profile/contact", **form).status_code in (200, 303, 400, 422)
    assert started == []
