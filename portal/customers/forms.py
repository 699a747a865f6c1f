"""The form of a new customer, whose fields say themselves what is wrong with them."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from mailstore.addresses import Address, parse_domain
from mailstore.customers import CustomerWish
from mailstore.errors import BadAddress, BadName
from mailstore.routes import Route
from mailstore.tenants import LANGUAGES, LONGEST_NAME, check_zone
from portal.forms import PlainText
from portal.languages import NAMES

LONGEST_DOMAIN, LONGEST_ADDRESS, LONGEST_ROUTE = 253, 320, 1000

_LANGUAGES = [SelectChoice(each, NAMES[each]) for each in LANGUAGES]


class CustomerForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A new customer: its domain, where that leads, and who administers it."""

    name = StringField(_l("Name of the customer"), [PlainText(LONGEST_NAME, 1)])
    domain = StringField(_l("Mail domain"), [InputRequired(), Length(max=LONGEST_DOMAIN)])
    next_hop = StringField(_l("Its mail server"), [InputRequired(), Length(max=LONGEST_ROUTE)])
    administrator = StringField(
        _l("Address of its first administrator"), [InputRequired(), Length(max=LONGEST_ADDRESS)]
    )
    person = StringField(_l("Name of this person"), [PlainText(LONGEST_NAME)])
    language = SelectField(_l("Language"), choices=_LANGUAGES)
    zone = StringField(_l("Time zone"), [InputRequired()], default="Europe/Zurich")

    @property
    def wish(self) -> CustomerWish:
        """What was typed, once it was found to be valid."""
        return CustomerWish(
            self.name.data.strip(),
            parse_domain(self.domain.data.strip()),
            self.next_hop.data.strip(),
            Address.parse(self.administrator.data.strip()),
            (self.person.data or "").strip(),
            self.language.data,
            self.zone.data.strip(),
        )

    def validate_domain(self, field: Any) -> None:
        """Raise ValidationError for what is no domain."""
        try:
            parse_domain(field.data.strip())
        except BadName:
            raise ValidationError(_("This is no mail domain. One looks like muster.ch.")) from None

    def validate_next_hop(self, field: Any) -> None:
        """Raise ValidationError for what is no route."""
        try:
            Route.named(field.data)
        except BadName:
            text = _("This is no mail server. One looks like mail.muster.ch:25.")
            raise ValidationError(text) from None

    def validate_administrator(self, field: Any) -> None:
        """Raise ValidationError for what is no address at the domain."""
        try:
            address = Address.parse(field.data.strip())
            fits = address.domain == parse_domain((self.domain.data or "").strip())
        except (BadAddress, BadName):
            fits = False
        if not fits:
            raise ValidationError(_("This is no address at the domain above."))

    def validate_zone(self, field: Any) -> None:
        """Raise ValidationError for what is no zone."""
        try:
            check_zone(field.data.strip())
        except BadName:
            text = _("This is no time zone. Europe/Zurich is one.")
            raise ValidationError(text) from None
