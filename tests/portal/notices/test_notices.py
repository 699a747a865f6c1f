import re

import pytest
from time_machine import Traveller

from mailstore.accounts import Account, Role
from mailstore.deliveries import State
from mailstore.domains import Domain
from mailstore.incidents import Told
from mailstore.lanes import Lane
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.databases import on_sqlite
from tests.factories import NOON, an_accepted
from tests.mailstore.outages import begins
from tests.portal.browsing import an_owner
from tests.portal.mails import become
from tests.portal.noticed import (
    HOUR,
    OFFICE,
    OTHER,
    PRIVATE,
    alter,
    begun,
    content,
    links,
    over,
    parts,
    read,
    spread,
    told_at,
)

pytestmark = pytest.mark.usefixtures("clock")

SUBJECTS = {
    "de": ("ihr mailserver antwortet nicht", "ihr mailserver antwortet wieder"),
    "fr": ("votre serveur de messagerie ne répond pas",
           "votre serveur de messagerie répond de nouveau"),
    "it": ("il suo server di posta non risponde", "il suo server di posta risponde di nuovo"),
    "en": ("your mail server does not answer", "your mail server answers again"),
}  # fmt: skip


@pytest.mark.parametrize("language", SUBJECTS)
@on_sqlite
def test_a_notice_speaks_the_language_of_whoever_is_told(
    store: Store, user: Account, lane_id: int, language: str
) -> None:
    alter(store, Account, user.id, language=language)
    for mail, subject in zip(
        (begun(store, lane_id), over(store, lane_id)), SUBJECTS[language], strict=True
    ):
        assert mail["Subject"].lower() == subject
        assert f'lang="{language}"' in parts(mail)[1]
        assert all("Muster AG" in part or "muster.example" in part for part in parts(mail))


@on_sqlite
def test_somebody_who_chose_no_language_is_told_in_the_tenants(
    store: Store, user: Account, lane_id: int
) -> None:
    alter(store, Tenant, user.tenant_id or 0, language="it")
    assert begun(store, lane_id)["Subject"].lower() == SUBJECTS["it"][0]


@on_sqlite
def test_a_notice_is_addressed_to_a_person_and_no_program_answers_it(
    store: Store, user: Account, lane_id: int
) -> None:
    mail = begun(store, lane_id)
    (to,), (author,) = mail["To"].addresses, mail["From"].addresses
    assert (to.display_name, to.addr_spec) == ("Anna Keller", PRIVATE)
    assert author.addr_spec == "quarantine@mx.mailhafen.test"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"] == "Tue, 24 Nov 2026 13:00:00 +0100"


@on_sqlite
@pytest.mark.parametrize(
    ("zone", "times"),
    [("Europe/Zurich", ("13:00", "15:00")), ("America/New_York", ("07:00", "09:00"))],
)
def test_times_are_those_of_the_tenants_zone(
    store: Store, user: Account, lane_id: int, clock: Traveller, zone: str, times: tuple[str, str]
) -> None:
    alter(store, Tenant, user.tenant_id or 0, zone=zone)
    mails = [begun(store, lane_id)]
    clock.shift(2 * HOUR)
    mails.append(over(store, lane_id))
    for mail, time in zip(mails, times, strict=True):
        assert all(time in part for part in parts(mail))


def test_a_person_is_told_of_their_own_mail_and_an_administrator_of_all_there_is(
    store: Store, user: Account, admin: Account, anna: Mailbox, beat: Mailbox, lane_id: int
) -> None:
    for mailbox in (anna, anna, anna, beat, beat):
        an_accepted(store, mailbox)
    begins(store, lane_id)
    spread(store)
    for target, count in ((PRIVATE, 3), (OFFICE, 5)):
        mail = read(content(store, target, Told.BEGAN))
        assert all(f"{count} Nachrichten" in part for part in parts(mail))


@on_sqlite
@pytest.mark.parametrize(("count", "words"), [(0, "Neue Nachrichten sind"), (1, "1 Nachricht ist")])
def test_few_mails_are_counted_as_people_count(
    store: Store, user: Account, anna: Mailbox, lane_id: int, count: int, words: str
) -> None:
    for _ in range(count):
        an_accepted(store, anna)
    assert words in parts(begun(store, lane_id))[0]


def test_when_it_is_over_people_are_told_what_came_of_their_mail_and_what_still_waits(
    store: Store, user: Account, anna: Mailbox, lane_id: int, clock: Traveller
) -> None:
    earlier, waited = (an_accepted(store, anna, at=NOON - HOUR) for _ in range(2))
    become(store, earlier, State.DELIVERED, done_at=NOON - HOUR)
    begun(store, lane_id)
    clock.shift(HOUR)
    came = [an_accepted(store, anna) for _ in range(4)]
    for each in (waited, *came[:2]):
        become(store, each, State.DELIVERED)
    for part in parts(over(store, lane_id)):
        words = re.sub(r"\d+:\d+|<[^>]*>", "", part)
        assert "3 Nachrichten" in words
        assert re.search(r"\b2\b", words)


@on_sqlite
def test_only_an_administrator_is_told_what_the_server_said_and_of_which_domains(
    store: Store, user: Account, admin: Account, lane_id: int
) -> None:
    alter(store, Lane, lane_id, last_error="no connection: refused")
    begins(store, lane_id)
    spread(store)
    for target, shown in ((PRIVATE, False), (OFFICE, True)):
        mail = read(content(store, target, Told.BEGAN))
        assert all(("no connection: refused" in part) is shown for part in parts(mail))
        assert ("/admin/delivery" in "".join(links(mail))) is shown


@on_sqlite
def test_tenants_of_one_next_hop_learn_nothing_of_each_other(
    store: Store, user: Account, admin: Account, stranger: Mailbox, lane_id: int
) -> None:
    told_at(store, an_owner(store, stranger, role=Role.ADMIN), OTHER)
    with store.write() as db:
        db.get_one(Domain, stranger.domain_id).lane_id = lane_id
    for _ in range(4):
        an_accepted(store, stranger)
    begins(store, lane_id)
    spread(store)
    ours, theirs = (read(content(store, each, Told.BEGAN)) for each in (OFFICE, OTHER))
    assert "elsewhere.example" not in "".join(parts(ours))
    assert "muster.example" not in "".join(parts(theirs))
    assert "4 Nachrichten" in parts(theirs)[0]
    assert "4 Nachrichten" not in parts(ours)[0]


@on_sqlite
def test_links_lead_only_to_the_portal_as_people_type_it(
    store: Store, admin: Account, lane_id: int
) -> None:
    base = "https://mail.provider.example/portal/"
    store.settings = store.settings.model_copy(update={"base_url": base})
    mail = begun(store, lane_id, OFFICE)
    wanted = {f"{base}webmail/", f"{base}admin/delivery"}
    assert set(links(mail)) == set(re.findall(r"https?://\S+", parts(mail)[0])) == wanted


@on_sqlite
def test_a_private_address_beyond_ascii_is_written_as_it_is(
    store: Store, user: Account, lane_id: int
) -> None:
    told_at(store, user, "jürg@private.example")
    begins(store, lane_id)
    spread(store)
    raw = content(store, "jürg@private.example", Told.BEGAN)
    (line,) = re.findall(rb"(?m)^To: .*\r$", raw)
    assert line.endswith("<jürg@private.example>\r".encode())
