from io import StringIO

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import advice, listfiles, senders
from mailstore.errors import BadName
from mailstore.listfiles import Imported
from mailstore.mailboxes import Mailbox
from mailstore.senders import Listed, Owner, SenderEntry, Wish
from mailstore.store import Store
from tests.databases import asked
from tests.factories import ANNA, BOB, a_mailbox, an_accepted

HEAD = "owner,list,sender\n"


@pytest.fixture
def anna(store: Store) -> Mailbox:
    with store.write() as db:
        a_mailbox(db, "eve@elsewhere.example")
        return a_mailbox(db, aliases=["ak@muster.example"])


def exported(store: Store, tenant_id: int) -> str:
    out = StringIO()
    with store.read() as db:
        listfiles.write_lists(db, tenant_id, out)
    return out.getvalue()


def imported(store: Store, tenant_id: int, text: str) -> Imported:
    with store.write() as db:
        return listfiles.read_lists(db, tenant_id, text.splitlines(keepends=True), by="test")


def test_what_was_exported_can_be_imported_again(store: Store, anna: Mailbox) -> None:
    owners = (Owner(anna.tenant_id), Owner(anna.tenant_id, anna.domain_id),
              Owner(anna.tenant_id, mailbox_id=anna.id))  # fmt: skip
    wishes = [
        Wish(Listed.ALLOWED, BOB.key, "dkim spf"),
        Wish(Listed.ALLOWED, "there.example", ""),
        Wish(Listed.BLOCKED, "=cmd|x@evil.example"),
        Wish(Listed.UNTAGGED, "bounce-#@lists.example"),
    ]
    with store.write() as db:
        for owner in owners:
            for wish in wishes:
                senders.enter(db, owner, wish, by="anna")
    before = exported(store, anna.tenant_id)
    assert "\n'=" not in before
    assert ",'=cmd|x@evil.example," in before
    with store.write() as db:
        for entry in db.scalars(select(SenderEntry)):
            db.delete(entry)
    assert imported(store, anna.tenant_id, before).added == 12
    kept = [line.split(",")[:5] for line in before.splitlines()]
    assert [line.split(",")[:5] for line in exported(store, anna.tenant_id).splitlines()] == kept
    assert imported(store, anna.tenant_id, before).present == 12


def test_an_owner_is_an_address_a_domain_or_nobody(store: Store, anna: Mailbox) -> None:
    owners = ("", "Muster.example", "ak@muster.example")
    text = HEAD + "".join(f"{owner},blocked,a.example\n" for owner in owners)
    assert imported(store, anna.tenant_id, text).added == 3
    with store.read() as db:
        found = {(each.domain_id, each.mailbox_id) for each in db.scalars(select(SenderEntry))}
    assert found == {(None, None), (anna.domain_id, None), (None, anna.id)}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("eve@elsewhere.example,blocked,a.example", "no mailbox and no domain of this tenant"),
        ("elsewhere.example,blocked,a.example", "no mailbox and no domain of this tenant"),
        (",forbidden,a.example", "'forbidden' is no list"),
        (",blocked,*@a.example", "* and ? mean nothing here"),
        (",blocked,not an address", "neither a mail address nor a domain"),
        (",allowed,a.example,magic", "'magic' is no proof"),
        (",allowed,a.example,any,soon", "'soon' is no date"),
        (",allowed,a.example,any,31.02.2027", "'31.02.2027' is no date"),
    ],
    ids=["other tenant's mailbox", "other tenant's domain", "list", "star", "no address", "proof",
         "date", "no such day"],
)  # fmt: skip
def test_a_line_that_cannot_be_used_is_left_out_with_its_number(
    store: Store, anna: Mailbox, line: str, said: str
) -> None:
    text = f"owner,list,sender,proof,expires\n{line}\n,blocked,good.example\n"
    done = imported(store, anna.tenant_id, text)
    assert done.added == 1
    assert done.warnings[0].startswith("Line 2 is left out: ")
    assert said in done.warnings[0]


def test_a_file_that_is_no_csv_is_refused(store: Store, anna: Mailbox) -> None:
    with pytest.raises(BadName, match="no CSV"):
        imported(store, anna.tenant_id, f"{HEAD},blocked,{'x' * 200_000}\n")


def test_a_file_without_its_columns_is_refused(store: Store, anna: Mailbox) -> None:
    with pytest.raises(BadName, match="no column 'list'"):
        imported(store, anna.tenant_id, "owner,sender\n,a.example\n")


@pytest.mark.parametrize(
    ("listed", "pattern", "warnings"),
    [
        ("blocked", "spam.example", []),
        ("blocked", "gmail.com", [advice.FREE]),
        ("blocked", "muster.example", [advice.OWN_BLOCKED]),
        ("allowed", "muster.example", [advice.OWN_ALLOWED, advice.UNPROVEN]),
        ("allowed", "bluewin.ch", [advice.FREE, advice.UNPROVEN]),
        ("allowed", "bob@gmail.com", [advice.UNPROVEN]),
        ("allowed", "bob@there.example", []),
        ("blocked", "bounce-123@lists.example", [advice.CHANGES]),
        ("blocked", "bounce-#@lists.example", []),
        ("blocked", "#@lists.example", [advice.WIDE]),
        ("untagged", "muster.example", []),
    ],
)
def test_a_careless_entry_is_warned_of(
    store: Store, anna: Mailbox, listed: str, pattern: str, warnings: list[str]
) -> None:
    delivery = an_accepted(store, anna)
    with store.write() as db:
        db.merge(delivery).symbols = [["AUTHENTICATED", "dmarc spf", 0.0]]
    with store.read() as db:
        assert advice.advise(db, anna.tenant_id, Listed(listed), pattern) == warnings


@pytest.mark.parametrize("count", [3, advice.AT_ONCE + 1])
def test_many_entries_are_advised_in_few_questions(store: Store, anna: Mailbox, count: int) -> None:
    delivery = an_accepted(store, anna)
    with store.write() as db:
        db.merge(delivery).symbols = [["AUTHENTICATED", "dmarc spf", 0.0]]
    named = [(Listed.ALLOWED, f"{number}.example") for number in range(count)]
    named += [(Listed.ALLOWED, BOB.key), (Listed.BLOCKED, "there.example")]
    with asked(store) as said, store.read() as db:
        found = advice.advise_each(db, anna.tenant_id, named)
    assert len(said) <= 5
    assert [pair for pair, warnings in found.items() if warnings] == named[:count]


def test_the_newest_mails_of_a_domain_say_whether_it_is_proven(
    store: Store, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advice, "MOST_LOOKED_AT", 1)
    for number, symbols in enumerate(([["AUTHENTICATED", "dmarc", 0.0]], [])):
        with store.read() as db:
            assert number == 0 or advise(db, anna, BOB.domain) == []
        delivery = an_accepted(store, anna)
        with store.write() as db:
            db.merge(delivery).symbols = symbols
    with store.read() as db:
        assert advise(db, anna, BOB.domain) == [advice.UNPROVEN]


def advise(db: Session, mailbox: Mailbox, pattern: str) -> list[str]:
    return advice.advise(db, mailbox.tenant_id, Listed.ALLOWED, pattern)


def test_the_owner_of_an_export_is_named_as_an_import_wants_it(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        owner = Owner(anna.tenant_id, mailbox_id=anna.id)
        senders.enter(db, owner, Wish(Listed.BLOCKED, "a.example"), by="anna")
    assert (
        exported(store, anna.tenant_id).splitlines()[1].startswith(f"{ANNA},blocked,a.example,any")
    )
