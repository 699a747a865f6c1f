"""States of administrators' pages that no address leads to."""

from playwright.sync_api import Page

from mailstore import brands
from mailstore.tenants import Tenant, TenantState
from tests.browser.administered import ROOT
from tests.browser.going import Visit, at, sent
from tests.browser.seeded import World
from tests.factories import ANNA, BEAT
from tests.pictures import a_png

PEOPLES, PEOPLE = "/admin/people/", "/admin/people/{account_id}"
HELD = "/admin/held/{held_fraud}"
DOMAIN = "/admin/domains/{domain_id}"
REQUEST = "/admin/requests/{request_id}"
POLICY = "/admin/policies/{policy_id}"


def _stopped(page: Page, world: World) -> None:
    _standing(world, TenantState.SUSPENDED)
    at("/operator/{tenant_id}")(page, world)
    _standing(world, TenantState.LIVE)


def _preparing(page: Page, world: World) -> None:
    _standing(world, TenantState.PREPARING)
    page.goto("/admin/start/")
    _standing(world, TenantState.LIVE)


def _standing(world: World, state: TenantState) -> None:
    with world.store.write() as db:
        db.get_one(Tenant, world.ids["tenant_id"]).state = state


def _branded(page: Page, world: World) -> None:
    tenant_id = world.account(BEAT).tenant_id
    assert tenant_id
    with world.store.write() as db:
        brands.set_logo(db, tenant_id, a_png(300, 80), by=BEAT)
        brands.set_colour(db, tenant_id, "#a2181f", by=BEAT)
        brands.set_text(db, tenant_id, "Help: 044 000 00 00", by=BEAT)
    page.goto("/admin/look/")


def _answered(page: Page, world: World) -> None:
    page.goto("/admin/requests/answered")
    page.click("a[data-row]")
    page.wait_for_selector("#answer-title")


def _report(page: Page, world: World) -> None:
    page.goto("/admin/reports/")
    page.fill("#address", "trust@there.example")
    page.check("#detailed")
    page.keyboard.press("Enter")
    page.wait_for_selector(".entries")


# Who comes, by the address of their account, and what they see.
DESK: dict[str, tuple[str, Visit]] = {
    "nobody found": (BEAT, at("/admin/people/?q=nobody")),
    "emergency code": (BEAT, sent(f"{PEOPLE}/code", PEOPLE)),
    "retention, wrong": (BEAT, sent("/admin/retention", keep_days="x", held_days="0")),
    "look, of their own": (BEAT, _branded),
    "look, too pale": (BEAT, sent("/admin/look/", colour="#ffcc00")),
    "webhook, wrong": (BEAT, sent("/admin/delivery/webhook", "/admin/delivery/", url="x")),
    "webhook secret": (
        BEAT,
        sent("/admin/delivery/webhook", "/admin/delivery/", url="https://there.example/hook"),
    ),
    "sender of a list, careless": (
        BEAT, sent("/admin/lists/", pattern="gmail.com", listed="allowed", life="ever"),
    ),
    "list, none": (BEAT, sent("/admin/lists/import/", listed="allowed")),
    "list, careless": (BEAT, at("/admin/lists/import/{upload_id}?group=careless")),
    "domain, wrong": (BEAT, sent("/admin/domains/claims/new", name="x", next_hop="", alias_of="0")),
    "next hop, wrong": (BEAT, sent(f"{DOMAIN}/hop", DOMAIN, next_hop="x y")),
    "catch-all, wrong": (BEAT, sent(f"{DOMAIN}/takes", DOMAIN, takes="any", catch_all="x")),
    "statistics of a day": (BEAT, at("/admin/statistics/?days=yesterday")),
    "report, wrong": (BEAT, sent("/admin/reports/", address="none", at="x")),
    "a report comes": (BEAT, _report),
    "reason, none": (BEAT, sent(f"{REQUEST}/read", REQUEST, reason="")),
    "mail disclosed": (BEAT, sent(f"{REQUEST}/read", REQUEST, reason="Anna asked for it.")),
    "request answered": (BEAT, _answered),
    "held mail, a reason": (BEAT, sent(f"{HELD}/read", HELD, reason="Anna asked for it.")),
    "held mail, nothing": (BEAT, at("/admin/held/?q=nothing")),
    "role, no domain": (BEAT, sent(f"{PEOPLE}/role", f"{PEOPLE}/role", role="domain_admin")),
    "customer, wrong": (ROOT, sent("/operator/new", name="", domain="x", zone="x")),
    "customer stopped": (ROOT, _stopped),
    "moving in": (BEAT, _preparing),
    "value of a policy": (BEAT, at("/admin/policies/tenant?open=report_at")),
    "value, wrong": (BEAT, sent(POLICY, deed="set", name="quarantine_at", value="x")),
    "name of a policy, wrong": (BEAT, sent(f"{POLICY}/copy", POLICY, name="")),
    "protected, wrong": (
        BEAT, sent("/admin/policies/protected/people", "/admin/policies/protected/", name="Eva"),
    ),
    "person, taken already": (BEAT, sent(PEOPLES, address=ANNA)),
    "import, what is new": (BEAT, at("/admin/import/{moving_id}?part=new")),
    "import, carried out": (BEAT, at("/admin/import/{moved}")),
    "import, no file": (BEAT, sent("/admin/import/")),
    "no such mailbox": (BEAT, at("/admin/mailboxes/?q=nobody")),
    "export, no reason": (BEAT, sent(f"{PEOPLE}/data/export", f"{PEOPLE}/data", reason="")),
    "erase, no address": (BEAT, sent(f"{PEOPLE}/data/erase", f"{PEOPLE}/data", address="")),
    "retention, shorter": (
        BEAT,
        sent("/admin/retention", keep_days="7", held_days="7", pin_days="0", deed="preview"),
    ),
}  # fmt: skip
