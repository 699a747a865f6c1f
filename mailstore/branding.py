"""The command for a tenant's look in mails: `flask brand`."""

from pathlib import Path

import click

from mailstore import brands, tenants
from mailstore.brands import Brand
from mailstore.cli import OPERATOR, open_store, speaks

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("tenant")
@click.option("--colour", metavar="#RRGGBB", help="Colours links and buttons; empty for ours.")
@click.option("--text", help="Stands in reports; empty for none.")
@click.option("--logo", type=FILE, help="PNG or JPEG, at most 100 KB and 1200 x 400 pixels.")
@click.option("--no-logo", is_flag=True, help="Show no logo any more.")
@speaks
def brand(
    *, tenant: str, colour: str | None, text: str | None, logo: Path | None, no_logo: bool
) -> None:
    """Set how mails to a tenant's people look, and say how they do."""
    content = logo.read_bytes() if logo else None
    with open_store().write() as db:
        tenant_id = tenants.named(db, tenant)
        if no_logo:
            brands.remove_logo(db, tenant_id, by=OPERATOR)
        if content is not None:
            brands.set_logo(db, tenant_id, content, by=OPERATOR)
        if colour is not None:
            brands.set_colour(db, tenant_id, colour, by=OPERATOR)
        if text is not None:
            brands.set_text(db, tenant_id, text, by=OPERATOR)
        found = brands.of(db, tenant_id)
    click.echo(_said(found))


def _said(found: Brand | None) -> str:
    if found is None:
        return "Mails look as with everybody."
    logo = f"{found.logo_type}, {found.logo_width} x {found.logo_height}" if found.logo else "none"
    return f"Logo    {logo}\nColour  {found.colour or 'ours'}\nText    {found.text or 'none'}"
