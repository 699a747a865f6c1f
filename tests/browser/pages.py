"""What tests of pages do in a browser: sign in, send a form, let somebody in by a cookie."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import Browser, BrowserContext, Page, Response

from mailstore import sessions
from mailstore.accounts import Account
from mailstore.store import Store

SEND = """([action, fields]) => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = action;
  const token = document.querySelector("[name=csrf_token]").value;
  for (const [name, value] of Object.entries({ csrf_token: token, ...fields })) {
    const field = document.createElement("input");
    field.type = "hidden";
    [field.name, field.value] = [name, value];
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}"""


def cookie_of(store: Store, account: Account) -> str:
    """Return the cookie of a new session, which saves the form whose hashing takes its time."""
    with store.write() as db:
        token = sessions.start(db, account, "test")
    app = Flask(__name__)
    app.secret_key = store.settings.signing_keys[0]
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer
    return str(signer.dumps({"_user_id": token, "_fresh": True}))


@contextmanager
def opened(
    browser: Browser, url: str, cookie: str = "", *, language: str = "", **options: Any
) -> Iterator[Page]:
    """Open a page in a browser of its own, signed in if a session's cookie is given.

    It speaks the language, if one is named, whatever mailboxes say.
    """
    context = browser.new_context(base_url=url, **options)
    for name, value in (("session", cookie), ("language", language)):
        if value:
            give_cookie(context, url, value, name)
    try:
        yield context.new_page()
    finally:
        context.close()


def give_cookie(context: BrowserContext, url: str, value: str, name: str = "session") -> None:
    """Let a browser send a cookie to who is at the address."""
    context.add_cookies([{"name": name, "value": value, "url": url}])


def send(page: Page, action: str, **fields: str) -> Response | None:
    """Send a form to a path as a page of ours does, whatever its fields forbid."""
    with page.expect_navigation() as gone:
        page.evaluate(SEND, [action, fields])
    return gone.value


def sign_in(page: Page, email: str, password: str, path: str = "/sign-in") -> None:
    """Fill in the form and send it."""
    page.goto(path)
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", password)
    page.click("main form button[type=submit]")
