"""Saying why one reads mail of somebody else, before anything of it is shown."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField

from mailstore.disclosures import LONGEST_REASON, SHORTEST_REASON
from portal.forms import PlainText


class ReasonForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Why an administrator reads somebody else's mail."""

    reason = StringField(
        _l("Why do you have to read it?"), [PlainText(LONGEST_REASON, SHORTEST_REASON)]
    )
