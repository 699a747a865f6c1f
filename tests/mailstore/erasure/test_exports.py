import csv
import io
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import clock as clocks
from mailstore import disclosures, events
from mailstore.accounts import Account
from mailstore.envelopes import MailClass
from mailstore.erasure import erasing, exports, people
from mailstore.erasure.exports import PersonExport
from mailstore.errors import BadName, NotFound
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.factories import (
    BEAT,
    RAW,
    RecordedJobs,
    a_held_delivery,
    a_mailbox,
    an_accepted,
    an_account,
)
from tests.portal.profiles import an_entry
from tests.writing import a_draft

pytestmark = pytest.mark.usefixtures("clock")
HOSTILE = b"Subject: ../../etc/passwd\r\nFrom: =cmd|x@evil.example\r\n\r\nHello.\r\n"
WHY = "Anna asked for it."


@pytest.fixture
def account(store: Store, anna: Mailbox) -> Account:
    with store.write() as db:
        return an_account(db, anna)


def ask(store: Store, account: Account, reason: str = WHY, *, own: bool = False) -> int:
    with store.write() as db:
        found = db.get_one(Account, account.id)
        return exports.ask(db, store, found, reason, by="beat", own=own)


def row(store: Store, number: int) -> PersonExport:
    with store.read() as db:
        return db.get_one(PersonExport, number)


def made(store: Store, account: Account, *, own: bool = False) -> zipfile.ZipFile:
    number = ask(store, account, own=own)
    exports.export_person(store, number)
    whole = b"".join(exports.content(store, row(store, number)))
    return zipfile.ZipFile(io.BytesIO(whole))


def table(archive: zipfile.ZipFile, name: str) -> list[list[str]]:
    text = archive.read(name).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


def files(store: Store) -> list[Path]:
    return list((store.settings.data_dir / "exports").glob("*"))


def test_an_export_has_all_that_is_kept_of_a_person(
    store: Store, anna: Mailbox, account: Account, stranger_mail: int
) -> None:
    copy = an_accepted(store, anna)
    an_entry(store, anna, "=cmd|x@evil.example")
    a_draft(store, account)
    with store.write() as db:
        detail = {"reason": "=1+1"}
        ids = {"tenant_id": anna.tenant_id, "mailbox_id": anna.id, "delivery_id": copy.id}
        events.record(db, disclosures.READ, by="beat", detail=detail, **ids)
    archive = made(store, account)
    (mail,) = [each for each in archive.namelist() if each.endswith(".eml")]
    assert archive.read(mail) == RAW
    assert [line[0] for line in table(archive, "mails.csv")] == ["file", mail]
    assert table(archive, "addresses.csv") == [[anna.address]]
    assert table(archive, "readers.csv")[0][1:] == ["beat", str(copy.id), "'=1+1"]
    assert table(archive, f"senders-{anna.id}.csv")[1][2] == "'=cmd|x@evil.example"
    assert "At noon." in table(archive, "drafts.csv")[0][-1]
    assert ["account", "email", anna.address] in table(archive, "settings.csv")
    assert archive.testzip() is None


@pytest.fixture
def stranger_mail(store: Store, anna: Mailbox) -> int:
    """Return a mail of a colleague, which nobody else's export has."""
    with store.write() as db:
        beat = a_mailbox(db, BEAT)
    return an_accepted(store, beat, raw=b"Subject: secret\r\n\r\nNot for you.\r\n").id


def test_no_name_in_it_leads_elsewhere_and_no_cell_is_a_formula(
    store: Store, anna: Mailbox, account: Account
) -> None:
    an_accepted(store, anna, raw=HOSTILE)
    archive = made(store, account)
    assert [each for each in archive.namelist() if ".." in each or each.startswith("/")] == []
    cells = [cell for name in archive.namelist() if name.endswith(".csv")
             for line in table(archive, name) for cell in line]  # fmt: skip
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))] == []


def test_nobody_gets_a_virus_and_people_themselves_nothing_that_they_may_not_open(
    store: Store, anna: Mailbox, account: Account
) -> None:
    a_held_delivery(store, anna, mail_class=MailClass.VIRUS)
    a_held_delivery(store, anna, mail_class=MailClass.PHISH)
    counts = {own: len([each for each in made(store, account, own=own).namelist()
                        if each.endswith(".eml")]) for own in (False, True)}  # fmt: skip
    assert counts == {False: 1, True: 0}
    assert len(table(made(store, account), "mails.csv")) == 3


def test_an_export_lies_sealed_and_is_gone_after_a_day(
    store: Store, anna: Mailbox, account: Account, clock: Traveller
) -> None:
    an_accepted(store, anna)
    number = ask(store, account)
    exports.export_person(store, number)
    (file,) = files(store)
    assert b"PK" not in file.read_bytes()[:40]
    assert RAW not in file.read_bytes()
    with store.read() as db:
        assert exports.one(db, account.id, number, own=False)
        assert exports.one(db, account.id, number, own=True) is None
        assert exports.one(db, account.id + 1, number, own=False) is None
    clock.shift(timedelta(hours=25))
    with store.read() as db:
        assert exports.one(db, account.id, number, own=False) is None
        assert exports.are_over(db, clocks.now())
    exports.end_exports(store)
    assert files(store) == []
    with store.read() as db:
        assert db.scalars(select(PersonExport)).all() == []


def test_a_job_that_died_is_made_anew_and_one_that_ran_is_not(
    store: Store, anna: Mailbox, account: Account, clock: Traveller, jobs: RecordedJobs
) -> None:
    number = ask(store, account)
    assert ("export_person", number) in jobs.asked
    assert ask(store, account) == number
    with store.write() as db:
        assert exports._claimed(db, number)
        assert exports._claimed(db, number) is None
    clock.shift(timedelta(hours=3))
    with store.read() as db:
        assert exports.due(db, clocks.now()) == [number]
    exports.export_person(store, number)
    (before,) = files(store)
    exports.export_person(store, number)
    assert row(store, number).made_at is not None
    assert files(store) == [before]


@pytest.mark.parametrize("reason", ["", "why", "x" * 201, "a\x00b cde"])
def test_an_administrator_says_why(store: Store, account: Account, reason: str) -> None:
    with pytest.raises(BadName):
        ask(store, account, reason)
    assert ask(store, account, "", own=True)


def test_with_the_person_their_exports_are_gone(
    store: Store, anna: Mailbox, account: Account
) -> None:
    number = ask(store, account)
    exports.export_person(store, number)
    before = row(store, number)
    with store.write() as db:
        erasing.erase(db, people.whole(db, db.get_one(Account, account.id)), by="beat")
    exports.end_exports(store)
    assert files(store) == []
    with pytest.raises(NotFound):
        next(exports.content(store, before))
