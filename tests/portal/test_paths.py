from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from mailstore.accounts import Account
from portal.auth.paths import own_path
from tests.portal.browsing import PASSWORD, post, sign_in

ELSEWHERE = {
    "nothing": "",
    "a site": "https://evil.example/",
    "a site without its scheme": "//evil.example",
    "three slashes": "///evil.example",
    "backslash": "/\\evil.example",
    "two backslashes": "\\\\evil.example",
    "backslash before a slash": "\\/evil.example",
    "backslash later": "/quarantine\\..\\..\\evil.example",
    "scheme without slashes": "https:evil.example",
    "scheme with one slash": "https:/evil.example",
    "scheme with three slashes": "https:///evil.example",
    "tab in front": "\t//evil.example",
    "tab between": "/\t/evil.example",
    "line end between": "/\n/evil.example",
    "carriage return": "/\r/evil.example",
    "NUL": "/\0/evil.example",
    "blank in front": " //evil.example",
    "blank between": "/ /evil.example",
    "header": "/\r\nSet-Cookie: session=x",
    "script": "javascript:alert(1)",
    "script in capitals": "JaVaScRiPt:alert(1)",
    "data": "data:text/html,x",
    "user": "user@evil.example",
    "user of a site": "//localhost@evil.example",
    "backslash and user": "/\\@evil.example",
    "no path": "quarantine/",
    "parent": "../quarantine/",
    "query": "?next=/",
    "fragment": "#x",
}
OURS = {
    "home": "/",
    "a page": "/quarantine/7",
    "a place in a list": "/webmail/?after=2026-11-24T12:00:00%2B00:00_7",
    "encoded tab": "/%09/evil.example",
    "encoded slashes": "/%2F%2Fevil.example",
    "a site in the query": "/webmail/?next=https://evil.example/",
    "a colon": "/x:y",
}


@pytest.mark.parametrize("text", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_could_lead_elsewhere_is_no_path_of_ours(text: str) -> None:
    assert own_path(text) is None


@pytest.mark.parametrize("text", OURS.values(), ids=OURS)
def test_a_path_of_ours_is_kept(text: str) -> None:
    assert own_path(text) == text


@pytest.mark.parametrize("name", ["a site", "backslash", "tab between", "script", "user"])
def test_signing_in_never_leads_elsewhere(client: FlaskClient, user: Account, name: str) -> None:
    answer = sign_in(
        client, user.email, PASSWORD, f"/sign-in?{urlencode({'next': ELSEWHERE[name]})}"
    )
    assert (answer.status_code, answer.location) == (303, "/")


@pytest.mark.parametrize("name", ["a page", "a place in a list", "encoded tab"])
def test_signing_in_leads_back_to_where_one_wanted_to_go(
    client: FlaskClient, user: Account, name: str
) -> None:
    answer = sign_in(client, user.email, PASSWORD, f"/sign-in?{urlencode({'next': OURS[name]})}")
    assert answer.location == OURS[name]


def test_of_several_places_to_go_the_first_counts_and_not_the_form(
    client: FlaskClient, user: Account
) -> None:
    path = "/sign-in?next=/webmail/&next=//evil.example"
    answer = post(client, path, email=user.email, password=PASSWORD, next="//evil.example")
    assert answer.location == "/webmail/"


@pytest.mark.parametrize("name", ["a site", "a site without its scheme", "backslash", "header"])
def test_choosing_a_language_never_leads_elsewhere(client: FlaskClient, name: str) -> None:
    answer = post(client, "/language", language="en", next=ELSEWHERE[name])
    assert (answer.status_code, answer.location) == (303, "/")
