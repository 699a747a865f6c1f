import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from time_machine import Traveller

from filter.sweep import sweep
from mailstore import factors, passwords, resets
from mailstore.accounts import Account
from mailstore.clock import now
from mailstore.deliveries import Delivery, Direction, State
from mailstore.messages import Message
from mailstore.resets import Reset
from mailstore.settings import Settings
from mailstore.store import Store
from portal.resets import write_reset
from tests.factories import RecordedJobs
from tests.portal.browsing import (
    PASSWORD,
    csrf,
    happened,
    in_english,
    post,
    said,
    sign_in,
    stock,
    told,
)
from tests.portal.mails import become
from tests.portal.noticed import parts, read, told_at
from tests.portal.signing import WRONG, alter, is_in, sessions_of

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

NEW = "three wet umbrellas"
MINUTE = timedelta(minutes=1)
NOBODY = "nobody@muster.example"


def ask(client: FlaskClient, email: str) -> str:
    """Ask for a link, and return what the page says."""
    return told(in_english(client), post(client, "/password/forgot", email=email))


def mailed(store: Store) -> Delivery:
    """Write the mail of the newest reset and return its delivery."""
    with store.read() as db:
        newest = db.scalars(select(Reset.id).order_by(Reset.id.desc()).limit(1)).one()
    write_reset(store, newest)
    with store.read() as db:
        return db.scalars(select(Delivery).order_by(Delivery.id.desc()).limit(1)).one()


def text_of(store: Store, delivery: Delivery) -> str:
    with store.read() as db:
        message = db.get_one(Message, delivery.message_id)
    return parts(read(b"".join(store.content(message))))[0]


@pytest.fixture
def link(client: FlaskClient, user: Account, store: Store) -> str:
    """Return the path of the link that Anna is mailed."""
    ask(client, user.email)
    found = re.search(r"^http\S+$", text_of(store, mailed(store)), re.MULTILINE)
    assert found
    return urlsplit(found[0]).path


def set_new(client: FlaskClient, link: str, password: str = NEW) -> int:
    answer = post(client, link, password=password, once_more=password)
    return answer.status_code


def test_a_mailed_link_sets_a_new_password_once(
    app: Flask, client: FlaskClient, user: Account, link: str, store: Store
) -> None:
    assert user.email in said(client.get(link))
    assert set_new(client, link) == 303
    assert sign_in(client, user.email, PASSWORD).status_code == 422
    assert sign_in(client, user.email, NEW).status_code == 303
    assert [event.by for event in happened(store, "password_set")] == [user.email]
    late = app.test_client()
    assert (late.get(link).status_code, set_new(late, link)) == (410, 410)


def test_a_new_password_ends_all_sessions(app: Flask, browser: FlaskClient, link: str) -> None:
    assert is_in(browser)
    set_new(app.test_client(), link)
    assert not is_in(browser)


def test_a_new_password_leaves_the_second_factor_on(
    client: FlaskClient, user: Account, link: str, store: Store
) -> None:
    alter(store, user, totp_secret=store.ring.wrap(factors.new_secret().encode()))
    set_new(client, link)
    answer = sign_in(client, user.email, NEW)
    assert urlsplit(answer.location).path == "/sign-in/code"
    assert not is_in(client)


def test_a_link_is_dead_after_an_hour(clock: Traveller, client: FlaskClient, link: str) -> None:
    clock.shift(59 * MINUTE)
    assert client.get(link).status_code == 200
    clock.shift(MINUTE)
    assert client.get(link).status_code == 410
    assert set_new(client, link) == 410


def test_a_link_is_dead_once_the_password_was_set_in_another_way(
    client: FlaskClient, user: Account, link: str, store: Store
) -> None:
    with store.write() as db:
        passwords.set_hash(db, db.get_one(Account, user.id), None, by="test")
    assert (client.get(link).status_code, set_new(client, link)) == (410, 410)


def test_a_link_of_an_account_that_is_turned_off_is_dead(
    client: FlaskClient, user: Account, link: str, store: Store
) -> None:
    alter(store, user, active=False)
    assert (client.get(link).status_code, set_new(client, link)) == (410, 410)


def test_looking_at_a_link_changes_nothing(client: FlaskClient, link: str, store: Store) -> None:
    before = stock(store)
    for _ in range(3):
        assert client.get(link).status_code == 200
    assert stock(store) == before


@pytest.mark.parametrize("path", ["/password/new/guessed", "/password/new/%00", "/password/new/ä"])
def test_a_guessed_link_says_the_same_as_a_dead_one(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 410
    assert post(client, path, password=NEW, once_more=NEW).status_code == 410


WEAK = {
    "short": ("brief-1", "at least 10"),
    "guessable": ("password12", "easy to guess"),
    "the address": ("annamuster", "easy to guess"),
    "long": ("x" * 1025, "at least 10"),
}


@pytest.mark.parametrize(("password", "why"), WEAK.values(), ids=WEAK)
def test_a_weak_password_is_refused_next_to_its_field(
    client: FlaskClient, link: str, password: str, why: str
) -> None:
    answer = post(in_english(client), link, password=password, once_more=password)
    assert answer.status_code == 422
    assert why in said(answer)
    assert password not in answer.text
    assert set_new(client, link) == 303


def test_two_that_differ_are_refused(client: FlaskClient, link: str) -> None:
    answer = post(in_english(client), link, password=NEW, once_more=WRONG)
    assert answer.status_code == 422
    assert "not the same" in said(answer)


def test_the_answer_is_the_same_for_an_address_that_nobody_has(
    client: FlaskClient, user: Account, admin: Account, store: Store, jobs: RecordedJobs
) -> None:
    alter(store, admin, active=False)
    answers = {ask(client, email) for email in (user.email, NOBODY, admin.email, "", "\0")}
    assert len(answers) == 1
    assert "emergency code" in answers.pop()
    with store.read() as db:
        assert db.scalars(select(Reset.account_id)).all() == [user.id]
    assert jobs.asked == [("write_reset", 1)]


def test_three_links_an_hour_are_mailed_and_no_more(
    clock: Traveller, client: FlaskClient, user: Account, store: Store
) -> None:
    said_each_time = {ask(client, user.email) for _ in range(4)}
    assert len(said_each_time) == 1
    with store.read() as db:
        assert len(db.scalars(select(Reset.id)).all()) == resets.MOST
    clock.shift(60 * MINUTE)
    ask(client, user.email)
    with store.read() as db:
        assert len(db.scalars(select(Reset.id)).all()) == resets.MOST + 1


@pytest.mark.parametrize("private", ["", "anna@private.example"], ids=["own", "private"])
def test_the_link_goes_to_the_private_address_and_is_never_in_the_webmail(
    browser: FlaskClient, app: Flask, user: Account, store: Store, private: str
) -> None:
    if private:
        told_at(store, user, private)
    ask(app.test_client(), user.email)
    delivery = mailed(store)
    assert delivery.recipient == (private or user.email)
    assert (delivery.direction, delivery.mailbox_id) == (Direction.OUT, None)
    assert "password" not in said(in_english(browser).get("/webmail/"))
    assert browser.get(f"/webmail/m/{delivery.id}").status_code == 404


def test_the_link_is_of_the_configured_address_whatever_the_host_says(
    client: FlaskClient, user: Account, store: Store, settings: Settings
) -> None:
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    form = {"csrf_token": csrf(client), "email": user.email}
    assert client.post("/password/forgot", data=form, headers=evil).status_code == 400
    forwarded = {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "evil.example"}
    assert client.post("/password/forgot", data=form, headers=forwarded).status_code == 303
    text = text_of(store, mailed(store))
    assert f"{settings.base_url}/password/new/" in text
    assert "evil" not in text


def test_the_mail_is_written_once_and_only_a_hash_is_kept(
    client: FlaskClient, link: str, store: Store
) -> None:
    before = stock(store)
    write_reset(store, 1)
    assert stock(store) == before
    assert link.rpartition("/")[2] not in repr(before)


def test_a_mail_that_was_not_written_is_found_by_the_sweep(
    clock: Traveller, client: FlaskClient, user: Account, store: Store
) -> None:
    ask(client, user.email)
    with store.write() as db:
        (due,) = resets.due(db, now())
        assert resets.take(db, due)
        assert not resets.take(db, due)
    clock.shift(MINUTE)
    with store.read() as db:
        assert resets.due(db, now()) == [due]
    mailed(store)
    clock.shift(MINUTE)
    with store.read() as db:
        assert resets.due(db, now()) == []


def test_the_sweep_asks_for_what_is_due(client: FlaskClient, user: Account, store: Store) -> None:
    ask(client, user.email)
    found = RecordedJobs()
    sweep(store, found)
    assert ("write_reset", 1) in found.asked


def test_where_a_private_mail_went_is_shown_to_no_administrator(
    client: FlaskClient, office: FlaskClient, user: Account, store: Store
) -> None:
    told_at(store, user, "anna@private.example")
    ask(client, user.email)
    become(store, mailed(store), State.FAILED, reply="550 no", done_at=now())
    assert "anna@private.example" not in office.get("/admin/delivery/").text


def test_whoever_is_signed_in_sets_a_password_and_stays(
    app: Flask, browser: FlaskClient, user: Account, store: Store
) -> None:
    other = app.test_client()
    sign_in(other, user.email)
    (first, *_) = [each.token_hash for each in sessions_of(store, user)]
    answer = post(browser, "/password/change", "/", password=NEW, once_more=NEW)
    assert answer.status_code == 303
    assert (is_in(browser), is_in(other)) == (True, False)
    assert [each.token_hash for each in sessions_of(store, user)] != [first]
    assert sign_in(other, user.email, NEW).status_code == 303
