from mailstore import accounts
from mailstore.accounts import Role
from mailstore.addresses import Address
from mailstore.mailboxes import Right
from mailstore.scope import Scope
from mailstore.sending import submitters
from mailstore.store import Store
from mailstore.tenants import Tenant
from mailstore.writing import identities, known
from tests.factories import ANNA, a_domain, a_mailbox, an_accepted, an_account


def test_somebody_writes_with_each_address_of_their_mailboxes(store: Store) -> None:
    with store.write() as db:
        anna = a_mailbox(db, name="Anna Keller", aliases=["a.keller@muster.example"])
        info = a_mailbox(db, "info@muster.example", name="Auskunft")
        a_mailbox(db, "beat@muster.example")
        account = an_account(db, anna)
        accounts.grant(db, account.id, info.id, Right.DELEGATE)
        found = identities.of(db, account)
    assert [(str(each.address), each.name) for each in found] == [
        (ANNA, "Anna Keller"), ("info@muster.example", "Auskunft"),
        ("a.keller@muster.example", "Anna Keller"),
    ]  # fmt: skip


def test_each_address_has_a_name_and_a_signature_of_its_own(store: Store) -> None:
    with store.write() as db:
        anna = a_mailbox(db, name="Anna Keller", aliases=["sales@muster.example"])
        account = an_account(db, anna)
        sales = identities.one(identities.of(db, account), "Sales@muster.example")
        assert sales is not None
        for text in ("old", "Verkauf\r\n\r\n  Muster AG  "):
            identities.describe(db, sales, "Verkauf", text, by=ANNA)
        first, second = identities.of(db, account)
    assert (first.name, first.text) == ("Anna Keller", "")
    assert (second.name, second.text) == ("Verkauf", "Verkauf\n\n  Muster AG")


def test_nobody_writes_with_an_address_of_others(store: Store) -> None:
    with store.write() as db:
        anna, other = a_mailbox(db), a_mailbox(db, "eve@elsewhere.example")
        a_mailbox(db, "beat@muster.example")
        alias = a_domain(db, "alias.example", tenant=db.get_one(Tenant, anna.tenant_id))
        alias.alias_of_id = anna.domain_id
        db.flush()
        account = an_account(db, anna, role=Role.ADMIN)
        me = submitters.person(db, account)
        assert me is not None

        def may(address: str) -> bool:
            return submitters.author_of(db, me, Address.parse(address)) is not None

        said = {
            address: may(address)
            for address in (ANNA, "Anna+shop@Muster.Example", "anna@alias.example",
                            "beat@muster.example", other.address, "nobody@muster.example",
                            "x@there.example")
        }  # fmt: skip
    assert [address for address, allowed in said.items() if allowed] == [
        ANNA, "Anna+shop@Muster.Example", "anna@alias.example"
    ]  # fmt: skip


def test_a_program_writes_with_any_address_of_its_domains_and_no_other(store: Store) -> None:
    with store.write() as db:
        anna = a_mailbox(db)
        second = a_domain(db, "second.example", tenant=db.get_one(Tenant, anna.tenant_id))
        me = submitters.Submitter(anna.tenant_id, "erp", None, frozenset({anna.domain_id}))
        found = submitters.author_of(db, me, Address.parse("noreply@muster.example"))
        known_one = submitters.author_of(db, me, Address.parse(ANNA))
        assert submitters.author_of(db, me, Address.parse(f"x@{second.name}")) is None
    assert found is not None
    assert (found.mailbox_id, known_one and known_one.mailbox_id) == (None, anna.id)


def test_people_are_found_by_name_or_address_and_impostors_are_not(store: Store) -> None:
    with store.write() as db:
        anna = a_mailbox(db)
        a_mailbox(db, "bobby@muster.example", name="Roberta")
        a_mailbox(db, "bobo@elsewhere.example", name="Bob of others")
    an_accepted(store, anna)
    scope = Scope(anna.tenant_id, frozenset({anna.id}))
    with store.read() as db:
        found = {text: [str(each) for each in known.suggest(db, scope, text)]
                 for text in ("BOB", "rober", "b", "%%", "there.ex")}  # fmt: skip
    assert found == {
        "BOB": ["Roberta <bobby@muster.example>", "Bob <bob@there.example>"],
        "rober": ["Roberta <bobby@muster.example>"],
        "b": [], "%%": [], "there.ex": ["Bob <bob@there.example>"],
    }  # fmt: skip
