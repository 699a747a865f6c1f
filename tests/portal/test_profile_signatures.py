import pytest
from flask.testing import FlaskClient

from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.factories import ANNA, BEAT
from tests.portal.browsing import post, said, told

pytestmark = pytest.mark.usefixtures("speaks_english")
PAGE = "/profile/signatures/"


def test_a_signature_is_kept_and_shown(browser: FlaskClient) -> None:
    form = {"address": ANNA, "name": "Anna K.", "text": "Anna\n\n  Muster AG"}
    assert "The signature is saved." in told(browser, post(browser, PAGE, **form))
    assert "Anna\n\n  Muster AG</textarea>" in browser.get(PAGE).text.replace("\r", "")


@pytest.mark.parametrize("fields", [{"name": "x\u202ey"}, {"text": "x\0y"}, {"name": "x" * 101}],
                         ids=["turned", "NUL", "long"])  # fmt: skip
def test_a_signature_hides_nothing(browser: FlaskClient, fields: dict[str, str]) -> None:
    form = {"address": ANNA, "name": "", "text": ""} | fields
    answer = post(browser, PAGE, **form)
    assert answer.status_code == 422
    assert "control characters" in said(answer)


def test_nobody_signs_for_others(browser: FlaskClient, beat: Mailbox, store: Store) -> None:
    assert post(browser, PAGE, address=BEAT, name="x", text="").status_code == 404
    assert browser.get(f"{PAGE}?address={BEAT}").status_code == 404
