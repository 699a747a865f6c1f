from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import accounts, clock, cutover, firststart, policies, welcomes
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.codes import Fresh
from mailstore.cutover import NotReady, Step
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.naming import checks, published
from mailstore.naming import steps as naming_steps
from mailstore.naming.checks import CheckKind, DomainCheck
from mailstore.naming.steps import Stage
from mailstore.naming.troubles import Trouble
from mailstore.reports import planning
from mailstore.sending import submitters
from mailstore.store import Store
from mailstore.tenants import Tenant, TenantState
from tests.factories import ANNA, a_domain, a_mailbox, a_tenant, an_accepted, an_account
from tests.portal.browsing import happened

ROOT = Address.parse("root@ops.example")
CODE = [Fresh("2222-AAAA-BBBB-CCCC", "2222", "x")]


def preparing(db: Session) -> Tenant:
    return a_tenant(db, state=TenantState.PREPARING)


def state_of(store: Store, tenant: Tenant) -> TenantState:
    with store.read() as db:
        return db.get_one(Tenant, tenant.id).state


def test_nothing_goes_live_that_nobody_could_get_mail_at(store: Store) -> None:
    with store.write() as db:
        tenant = preparing(db)
        with pytest.raises(NotReady, match="domains"):
            cutover.go_live(db, tenant.id, by="test")
        a_domain(db, tenant=tenant)
        with pytest.raises(NotReady, match="people"):
            cutover.go_live(db, tenant.id, by="test")
        a_mailbox(db)
        assert cutover.go_live(db, tenant.id, by="test")
        assert not cutover.go_live(db, tenant.id, by="test")
    assert state_of(store, tenant) is TenantState.LIVE
    (event,) = happened(store, "tenant_state_set")
    assert (event.tenant_id, event.detail) == (tenant.id, {"state": "live", "reason": ""})


def test_each_step_stands_as_it_is(store: Store) -> None:
    with store.write() as db:
        tenant = preparing(db)
        a_domain(db, tenant=tenant)
        anna = a_mailbox(db, aliases=["office@muster.example"])
        an_account(db, anna, role=Role.ADMIN)
    an_accepted(store, anna)
    with store.read() as db:
        found = {each.step: (each.count, each.done) for each in cutover.standing(db, tenant.id)}
    assert found == {
        Step.DOMAINS: (1, True), Step.SERVERS: (0, False), Step.PEOPLE: (1, False),
        Step.ALIASES: (1, True), Step.RECORDS: (0, False), Step.ADMINISTRATORS: (1, False),
        Step.MAIL: (1, True), Step.WELCOMES: (0, False),
    }  # fmt: skip


def test_who_moves_in_alone_may_switch_and_is_reminded_of_the_others(store: Store) -> None:
    with store.write() as db:
        tenant = preparing(db)
        a_domain(db, tenant=tenant)
        an_account(db, a_mailbox(db), role=Role.ADMIN)
        keeping = [each.step for each in cutover.standing(db, tenant.id) if each.keeps]
        assert (keeping, Step.PEOPLE in done_steps(store, tenant.id)) == ([], False)
        eva = an_account(db, a_mailbox(db, "eva.steiner@muster.example"))
        welcomes.ask(db, tenant.id, [eva.id], by="test")
    assert {Step.PEOPLE, Step.WELCOMES} <= done_steps(store, tenant.id)


@pytest.mark.parametrize(("trouble", "done"), [(None, True), (Trouble.REFUSED, False)])
def test_a_server_that_was_tried_and_takes_mail_is_done(
    store: Store, trouble: Trouble | None, done: bool
) -> None:
    tried = naming_steps.Step(Stage.KNOWN, "mail.muster.example:25", trouble, "said", 12)
    with store.write() as db:
        domain = a_domain(db)
        looked_at(db, domain, CheckKind.HOP, {"steps": [tried.packed()]})
    assert (Step.SERVERS in done_steps(store, domain.tenant_id)) is done


def test_records_are_done_without_what_leads_mail_here(store: Store) -> None:
    missing = published.mx("muster.example", ["mx.mailhafen.test"], [(10, "mail.old.example")])
    good = published.tls_rpt("muster.example", ["v=TLSRPTv1; rua=mailto:t@muster.example"])
    wrong = published.dmarc("muster.example", ())
    with store.write() as db:
        domain = a_domain(db)
        looked_at(db, domain, CheckKind.DNS, {"records": [missing.packed(), good.packed()]})
    assert Step.RECORDS in done_steps(store, domain.tenant_id)
    with store.write() as db:
        check = db.scalars(select(DomainCheck)).one()
        check.found = {"records": [good.packed(), wrong.packed()]}
    assert Step.RECORDS not in done_steps(store, domain.tenant_id)


def looked_at(db: Session, domain: Domain, kind: CheckKind, found: dict[str, Any]) -> None:
    check_id = checks.ask(db, domain, kind, by="test")
    assert check_id
    taken = checks.take(db, check_id)
    assert taken
    checks.done(db, taken[0], found)


def done_steps(store: Store, tenant_id: int) -> set[Step]:
    with store.read() as db:
        return {each.step for each in cutover.standing(db, tenant_id) if each.done}


def test_only_an_operator_ends_what_an_operator_stopped(store: Store) -> None:
    with store.write() as db:
        tenant_id = a_mailbox(db).tenant_id
        tenant = db.get_one(Tenant, tenant_id)
        assert cutover.suspend(db, tenant_id, "Rechnung {{7*7}}", by="operator")
        assert not cutover.suspend(db, tenant_id, "again", by="operator")
        assert not cutover.go_live(db, tenant_id, by="admin")
        assert not cutover.prepare(db, tenant_id, by="admin")
        db.refresh(tenant)
        assert (tenant.state, tenant.state_reason) == (TenantState.SUSPENDED, "Rechnung {{7*7}}")
        assert cutover.resume(db, tenant_id, by="operator") is TenantState.LIVE
        assert cutover.resume(db, tenant_id, by="operator") is None
        db.refresh(tenant)
        assert (tenant.state, tenant.state_reason) == (TenantState.LIVE, "")


def test_who_was_not_ready_when_they_were_stopped_is_not_live_afterwards(store: Store) -> None:
    with store.write() as db:
        tenant_id = a_mailbox(db).tenant_id
        assert cutover.prepare(db, tenant_id, by="admin")
        assert cutover.suspend(db, tenant_id, "", by="operator")
        assert cutover.resume(db, tenant_id, by="operator") is TenantState.PREPARING


def test_nobody_sends_and_no_report_is_due_while_mail_does_not_flow(store: Store) -> None:
    with store.write() as db:
        anna = a_mailbox(db)
        person = submitters.person(db, an_account(db, anna))
        assert person
        assert submitters.author_of(db, person, Address.parse(ANNA))
        cutover.prepare(db, anna.tenant_id, by="test")
    planning.plan_reports(store, anna.tenant_id)
    with store.write() as db:
        assert submitters.author_of(db, person, Address.parse(ANNA)) is None
        assert db.get_one(Mailbox, anna.id).report_due_at is None
        cutover.go_live(db, anna.tenant_id, by="test")
    planning.plan_reports(store, anna.tenant_id)
    with store.read() as db:
        due = db.get_one(Mailbox, anna.id).report_due_at
    assert due is not None
    assert due > clock.now()


def test_an_installation_gets_its_first_operator_once(store: Store) -> None:
    def begin(_: int) -> str | None:
        with store.write() as db:
            return firststart.make_operator(db, ROOT, CODE, by="test")

    with store.write() as db:
        policies.seed(db)
    with ThreadPoolExecutor(2) as both:
        codes = list(both.map(begin, range(2)))
    assert sorted(codes, key=str) == [CODE[0].text, None]
    with store.read() as db:
        (root,) = db.scalars(select(Account).where(Account.role == Role.OPERATOR))
        assert (root.email, root.password_hash, root.tenant_id) == (str(ROOT), None, None)
        assert accounts.find(db, str(ROOT)) is root
