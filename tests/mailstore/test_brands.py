from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, select

from mailstore import brands
from mailstore.branding import brand
from mailstore.brands import Brand
from mailstore.errors import BadName
from mailstore.events import Event
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.databases import on_sqlite
from tests.factories import a_tenant, as_environment
from tests.pictures import a_jpeg, a_png

NAME, PETROL = "Muster AG", "#0b6272"


@pytest.fixture
def tenant(store: Store) -> Tenant:
    with store.write() as db:
        return a_tenant(db, NAME)


def look(store: Store, tenant: Tenant) -> Brand | None:
    with store.read() as db:
        return brands.of(db, tenant.id)


def test_a_look_is_set_piece_by_piece_with_an_event_each(store: Store, tenant: Tenant) -> None:
    assert look(store, tenant) is None
    logo, by = a_png(40, 20), "beat"
    with store.write() as db:
        assert brands.set_colour(db, tenant.id, PETROL.upper(), by=by)
        assert brands.set_text(db, tenant.id, "Help: 044 000 00 00\r\n\r\n{{7*7}}", by=by)
        assert brands.set_logo(db, tenant.id, logo, by=by)
    found = look(store, tenant)
    assert found
    assert (found.colour, found.text) == (PETROL, "Help: 044 000 00 00\n{{7*7}}")
    assert (found.logo, found.logo_type) == (logo, "image/png")
    assert (found.logo_width, found.logo_height) == (40, 20)


@on_sqlite
def test_what_changes_nothing_is_no_event(store: Store, tenant: Tenant) -> None:
    with store.write() as db:
        for expected in (True, False):
            assert brands.set_logo(db, tenant.id, a_jpeg(), by="x") is expected
        for expected in (True, False):
            assert brands.remove_logo(db, tenant.id, by="x") is expected
        assert not brands.set_colour(db, tenant.id, " ", by="x")
        assert not brands.set_text(db, tenant.id, " ", by="x")
    with store.read() as db:
        told = db.scalars(select(Event.detail).where(Event.kind == "look_set")).all()
    assert told == [{"logo": "4 x 2"}, {"logo": ""}]


@pytest.mark.parametrize(
    ("deed", "value"),
    [
        (brands.set_colour, "#ffcc00"), (brands.set_text, "x" * 1001),
        (brands.set_text, "\u202eevil"), (brands.set_logo, b"<svg/>"),
    ],
    ids=["pale", "long", "turned around", "svg"],
)  # fmt: skip
@on_sqlite
def test_what_cannot_be_shown_is_refused(
    store: Store, tenant: Tenant, deed: Callable[..., bool], value: object
) -> None:
    with store.write() as db, pytest.raises(BadName):
        deed(db, tenant.id, value, by="x")
    assert look(store, tenant) is None


def test_a_look_goes_with_its_tenant(store: Store, tenant: Tenant) -> None:
    with store.write() as db:
        brands.set_colour(db, tenant.id, PETROL, by="x")
    with store.write() as db:
        db.execute(delete(Tenant).where(Tenant.id == tenant.id))
    assert look(store, tenant) is None


def run(store: Store, *words: str) -> Result:
    return CliRunner(env=as_environment(store.settings)).invoke(brand, [NAME, *words])


def test_an_operator_sets_it_by_a_command(store: Store, tenant: Tenant, tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(a_png())
    assert "as with everybody" in run(store).output
    done = run(store, "--colour", PETROL, "--text", "Help", "--logo", str(logo))
    assert done.output.split() == (
        ["Logo", "image/png,", "4", "x", "2", "Colour", PETROL, "Text", "Help"]
    )
    assert "Logo    none" in run(store, "--no-logo", "--colour", "").output


@on_sqlite
@pytest.mark.parametrize(
    ("words", "sentence"),
    [(("--colour", "#ff0"), "is not a colour"), (("--colour", "#ffcc00"), "1.5:1 against white")],
)
def test_a_command_that_is_refused_says_why_and_keeps_nothing(
    store: Store, tenant: Tenant, words: tuple[str, ...], sentence: str
) -> None:
    done = run(store, "--text", "Help", *words)
    assert (done.exit_code, sentence in done.output) == (2, True)
    assert look(store, tenant) is None
