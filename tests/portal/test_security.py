import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from mailstore.accounts import Account
from mailstore.settings import Settings
from mailstore.store import Store
from portal.app import create_app
from tests.portal.browsing import PASSWORD, Own, csrf, methods_of, path_to, rules_of, sign_in

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

HTTPS = "https://mail.muster.example"
EVIL = "evil.example"
YEAR = 365 * 24 * 3600


@pytest.fixture
def secure(settings: Settings, store: Store) -> FlaskClient:
    """Return a browser of a portal that is reached by https."""
    behind = settings.model_copy(update={"base_url": HTTPS})
    return create_app(behind, store, ()).test_client()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sign-in", 200), ("/", 303), ("/nothing", 404), ("/sign-out", 405), ("/l/forged", 404),
        ("/sign-in//x", 404), ("/static/nothing", 404), ("/static/mailhafen.css", 200),
    ],
    ids=["page", "redirect", "not found", "method", "forged", "odd", "no style", "style"],
)  # fmt: skip
def test_every_answer_is_hardened(client: FlaskClient, path: str, status: int) -> None:
    with client.get(path) as answer:
        assert answer.status_code == status
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert _policy(answer)["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("path", ["/sign-in", "/", "/nothing", "/l/forged", "/static/nothing"])
def test_no_cache_keeps_a_page(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers.get("Cache-Control") == "no-store"


def test_every_page_of_a_person_is_hardened_and_kept_by_no_cache(
    app: Flask, browser: FlaskClient, own: Own, subtests: pytest.Subtests
) -> None:
    for rule in rules_of(app):
        if "GET" in methods_of(rule):
            with subtests.test(rule.endpoint):
                answer = browser.get(path_to(app, rule, **own.values(rule)))
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert answer.headers["Cache-Control"] == "no-store"
                assert _policy(answer)["frame-ancestors"] in {"'none'", "'self'"}


def test_the_policy_of_pages_lets_nothing_inline_and_nothing_foreign_run(
    client: FlaskClient,
) -> None:
    policy = _policy(client.get("/sign-in"))
    assert policy["default-src"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert not re.search(r"unsafe|\*|https?:", " ".join(policy.values()))


@pytest.mark.parametrize(
    "path",
    [
        "/", "/sign-in", "/nothing", "/quarantine/", "/quarantine/{0.held}", "/webmail/",
        "/webmail/m/{0.copy}", "/webmail/m/{0.copy}/source", "{0.links.held[0]}",
    ],
)  # fmt: skip
def test_no_page_needs_what_the_policy_forbids(browser: FlaskClient, own: Own, path: str) -> None:
    page = browser.get(path.format(own)).text
    assert not re.findall(r"<[^>]*\s(?:style|on[a-z]+)\s*=", page)
    assert not re.findall(r"(?i)<style|<script(?![^>]*\ssrc=\"/)|javascript:", page)
    assert not re.findall(r"(?:src|href|action)=\"(?:https?:)?//", page)


@pytest.mark.parametrize("path", ["/sign-in", "/", "/nothing", "/static/mark.svg"])
def test_over_https_browsers_are_told_to_stay_there(secure: FlaskClient, path: str) -> None:
    with secure.get(path, base_url=HTTPS) as answer:
        said = answer.headers["Strict-Transport-Security"]
    assert int(re.findall(r"max-age=(\d+)", said)[0]) >= YEAR
    assert "includeSubDomains" in said


def test_over_https_cookies_are_bound_to_the_host(secure: FlaskClient, user: Account) -> None:
    # Our pages send no Referer.
    form = {"csrf_token": csrf(secure, base_url=HTTPS), "email": user.email, "password": PASSWORD}
    answer = secure.post("/sign-in", data=form, base_url=HTTPS)
    assert answer.status_code == 303
    cookies = answer.headers.getlist("Set-Cookie")
    assert {each.partition("=")[0] for each in cookies} == {"__Host-session", "__Host-device"}
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
        assert "domain=" not in cookie.lower()


def test_over_https_the_language_is_kept_safely_too(secure: FlaskClient) -> None:
    form = {"csrf_token": csrf(secure, base_url=HTTPS), "language": "en"}
    answer = secure.post("/language", data=form, base_url=HTTPS)
    assert {"Secure", "HttpOnly"} <= set(answer.headers["Set-Cookie"].split("; "))


@pytest.mark.parametrize(
    ("said", "status"),
    [("cross-site", 400), ("same-site", 400), ("same-origin", 303), ("none", 303)],
)
def test_a_form_of_another_site_is_refused_whatever_token_it_has(
    secure: FlaskClient, said: str, status: int
) -> None:
    form = {"csrf_token": csrf(secure, base_url=HTTPS), "language": "en"}
    where = {"Sec-Fetch-Site": said}
    answer = secure.post("/language", data=form, base_url=HTTPS, headers=where)
    assert answer.status_code == status


def test_on_loopback_all_works_without_https(client: FlaskClient, user: Account) -> None:
    answer = sign_in(client, user.email)
    assert "Strict-Transport-Security" not in answer.headers
    cookies = answer.headers.getlist("Set-Cookie")
    assert {each.partition("=")[0] for each in cookies} == {"session", "device"}
    assert all({"HttpOnly", "SameSite=Lax"} <= set(each.split("; ")) for each in cookies)
    assert not any("Secure" in each for each in cookies)


@pytest.mark.parametrize("path", ["/sign-in", "/nothing", "/l/forged", "/static/mark.svg"])
def test_a_foreign_host_is_refused_and_not_repeated(client: FlaskClient, path: str) -> None:
    answer = client.get(path, base_url=f"http://{EVIL}")
    assert answer.status_code == 400
    assert EVIL not in f"{answer.text}{answer.headers}"


@pytest.mark.parametrize(
    "host",
    [EVIL, "localhost.evil.example", f"{HTTPS[8:]}.evil", f"x.{HTTPS[8:]}", "127.0.0.1", "a_b"],
    ids=["other", "loopback's name in front", "our name in front", "below ours", "loopback", "odd"],
)
def test_only_the_configured_host_is_ours(secure: FlaskClient, host: str) -> None:
    assert secure.get("/sign-in", base_url=f"https://{host}").status_code == 400


@pytest.mark.parametrize(
    "base",
    ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080",
     "https://Mail.Muster.example:8443"],
    ids=["IPv4", "name", "IPv6", "capitals and port"],
)  # fmt: skip
def test_the_portal_answers_at_its_own_address(settings: Settings, store: Store, base: str) -> None:
    app = create_app(settings.model_copy(update={"base_url": base}), store, ())
    assert app.test_client().get("/sign-in", base_url=base).status_code == 200


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nothing"])
def test_a_forwarded_host_gets_into_no_address(client: FlaskClient, path: str) -> None:
    headers = {"X-Forwarded-Host": EVIL, "Forwarded": f"host={EVIL}", "X-Forwarded-For": EVIL}
    answer = client.get(path, headers=headers)
    assert EVIL not in f"{answer.text}{answer.headers}"


def _policy(answer: Response) -> dict[str, str]:
    rules = answer.headers["Content-Security-Policy"].split(";")
    return {name: value for name, _, value in (rule.strip().partition(" ") for rule in rules)}
