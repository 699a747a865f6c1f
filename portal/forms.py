"""What forms of several pages share."""

from typing import Any

from flask_babel import gettext as _
from wtforms.validators import ValidationError

from mailstore.errors import BadName
from mailstore.texts import plain


class PlainText:
    """Checks a text that others read, as `mailstore.texts` keeps it."""

    def __init__(self, longest: int, shortest: int = 0) -> None:
        self._longest, self._shortest = longest, shortest
        # What a browser knows of it already.
        self.field_flags: dict[str, object] = {"maxlength": longest}
        if shortest:
            self.field_flags |= {"minlength": shortest, "required": True}

    def __call__(self, _form: Any, field: Any) -> None:
        """Raise ValidationError for a text that is too short, too long or hides something."""
        text = (field.data or "").strip()
        if len(text) < self._shortest:
            raise ValidationError(_("Write at least %(num)d characters.", num=self._shortest))
        try:
            plain(text, self._longest)
        except BadName:
            raise ValidationError(
                _("Write at most %(num)d characters, and no control characters.",
                  num=self._longest)
            ) from None  # fmt: skip
