"""How mails to a tenant's people look: a logo, a colour and a text of its own."""

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.wrappers import Response
from wtforms import StringField, TextAreaField
from wtforms.validators import ValidationError

from mailstore import brands, colours, pictures
from mailstore.brands import LONGEST_TEXT
from mailstore.colours import TooPale
from mailstore.errors import BadName
from portal import looks
from portal.access import for_admin, for_fresh_admin, store
from portal.forms import PlainText

bp = Blueprint("look", __name__, url_prefix="/admin/look")

# Whoever opens the picture alone gets a picture, and nothing that runs.
LOGO_POLICY = "default-src 'none'; sandbox"


class LookForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """What an administrator may change; an empty file field leaves the logo as it is."""

    logo = FileField(_l("Logo"))
    colour = StringField(_l("Colour of links and buttons"))
    text = TextAreaField(_l("Text of your own in reports"), [PlainText(LONGEST_TEXT)])

    def validate_logo(self, field: Any) -> None:
        """Read the file; raises ValidationError for what mails cannot show."""
        self.picture = field.data.read(pictures.LARGEST_BYTES + 1) if field.data else b""
        try:
            if self.picture:
                pictures.read(self.picture)
        except BadName:
            raise ValidationError(
                _("Please choose a PNG or JPEG picture of at most 100 KB and 1200 x 400 pixels.")
            ) from None

    def validate_colour(self, field: Any) -> None:
        """Raise ValidationError for what is no colour, or one that nobody can read on white."""
        try:
            if (field.data or "").strip():
                colours.readable(field.data)
        except TooPale as error:
            raise ValidationError(
                _("This colour is too pale to be read on white: its contrast is %(ratio)s:1, and "
                  "4.5:1 is needed. Choose a darker one.", ratio=error.ratio)
            ) from None  # fmt: skip
        except BadName:
            raise ValidationError(_("Write a colour like #0b6272.")) from None


@bp.get("/")
@for_admin
def index() -> str:
    """Show the look as it is."""
    brand = brands.of(g.db, g.tenant.id)
    kept = {"colour": brand.colour, "text": brand.text} if brand else {}
    return _page(LookForm(data=kept))


@bp.post("/")
@for_fresh_admin
def act() -> Response | tuple[str, int]:
    """Keep what an administrator decided."""
    form = LookForm()
    if not form.validate():
        return _page(form), 422
    tenant_id, by = g.tenant.id, g.visitor.name
    with store().write() as db:
        brands.set_colour(db, tenant_id, form.colour.data or "", by=by)
        brands.set_text(db, tenant_id, form.text.data or "", by=by)
        if form.picture:
            brands.set_logo(db, tenant_id, form.picture, by=by)
    flash(_("The look is saved. The next mails have it."), "success")
    return redirect(url_for(".index"), 303)


@bp.get("/logo")
@for_admin
def logo() -> Response:
    """Return the logo itself."""
    brand = brands.of(g.db, g.tenant.id)
    if brand is None or brand.logo is None:
        abort(404)
    headers = {"Content-Security-Policy": LOGO_POLICY}
    return Response(brand.logo, headers=headers, mimetype=brand.logo_type)


@bp.post("/logo/remove")
@for_admin
def remove() -> Response:
    """Show no logo any more."""
    with store().write() as db:
        removed = brands.remove_logo(db, g.tenant.id, by=g.visitor.name)
    flash(_("Mails show no logo any more.") if removed else _("There is no logo."), "info")
    return redirect(url_for(".index"), 303)


def _page(form: LookForm) -> str:
    look = looks.look_of(brands.of(g.db, g.tenant.id), "localhost")
    return render_template("admin/look.html", form=form, look=look)
