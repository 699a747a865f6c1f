"""All that the ids in addresses of pages can lead to, as belongings of one person."""

from mailstore import accounts, bulk, namedpolicies, policies, restores, subscriptions
from mailstore.accounts import Account
from mailstore.bulk import BulkDeed
from mailstore.erasure import exports
from mailstore.heldlist import Wanted
from mailstore.mailboxes import Mailbox
from mailstore.naming import claims
from mailstore.onboarding import NewDomain
from mailstore.scope import Scope
from mailstore.store import Store
from mailstore.subscriptions import Kind, Wish
from mailstore.tenants import Tenant
from tests.factories import a_held_delivery, an_accepted
from tests.mailstore.curation.lists import an_upload
from tests.mailstore.moving.moved import a_moving
from tests.mailstore.requested import a_request, risky
from tests.mailstore.sending.senders import block, of_mailbox
from tests.portal.browsing import Own, a_report
from tests.portal.profiles import of_profile
from tests.writing import a_draft, leave


def belongings(store: Store, mailbox: Mailbox, secret: str = "") -> Own:
    """Return what belongs to whoever owns a mailbox, all of it new; `secret` resets a password."""
    held, copy = a_held_delivery(store, mailbox), an_accepted(store, mailbox)
    scope = Scope(mailbox.tenant_id, frozenset({mailbox.id}))
    with store.write() as db:
        restore = restores.begin(db, mailbox.tenant_id, mailbox.id, "Zurück", [copy.id], by="test")
        begun = bulk.begin(db, scope, Wanted("x"), BulkDeed.DELETE, by="test", account_id=None)
        account = accounts.find(db, mailbox.address)
        tenant, wish = db.get_one(Tenant, mailbox.tenant_id), Wish(Kind.OVERVIEW, mailbox.address)
        report = subscriptions.add(db, tenant, wish, by="test")
        standard, name = policies.recommended(db).id, f"As for {mailbox.id}"
        policy = namedpolicies.copy(db, tenant.id, standard, name, by="test")
    others = of_profile(store, mailbox) | {
        "request_id": a_request(store, risky(store, mailbox), by=mailbox.address).id,
        "account_id": account.id if account else 1,
        "tenant_id": mailbox.tenant_id,
        "secret": secret,
        "bulk_id": begun,
        "subscription_id": report.id,
        "policy_id": policy.id,
        "block_id": block(store, of_mailbox(mailbox, mailbox.address)).block.id,
        "upload_id": an_upload(store, account) if account else 1,
        "export_id": an_export(store, account) if account else 1,
        "listed": "blocked",
        "claim_id": _claimed(store, mailbox),
        "moving_id": a_moving(store, mailbox.tenant_id, account).id,
    }
    others |= _written(store, mailbox)
    return Own(held.id, copy.id, a_report(store, mailbox), mailbox.domain_id, restore, others)


def _claimed(store: Store, mailbox: Mailbox) -> int:
    """Return a domain that the tenant of a mailbox claims, each another one."""
    with store.write() as db:
        new = NewDomain(f"new-{mailbox.id}.test", "mail.new.example:25")
        return claims.claim(db, mailbox.tenant_id, new, by="test").id


def an_export(store: Store, account: Account) -> int:
    """Return the id of an export of an account's own data, which can be fetched."""
    with store.write() as db:
        number = exports.ask(db, store, account, "", by=account.email, own=True)
    exports.export_person(store, number)
    return number


def _written(store: Store, mailbox: Mailbox) -> dict[str, object]:
    """Return what the owner of a mailbox writes, if it has one: a draft, and what they sent."""
    with store.read() as db:
        account = accounts.find(db, mailbox.address)
    if account is None:
        return {"draft_id": 1, "public_id": "none"}
    sent = leave(store, a_draft(store, account))
    return {"draft_id": a_draft(store, account).id, "public_id": sent.public_id}
