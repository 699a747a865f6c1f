"""What forms of several pages share."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from wtforms import IntegerField
from wtforms.validators import ValidationError

from mailstore.errors import BadName
from mailstore.texts import plain

MOST_DIGITS = 9


class WholeNumber(IntegerField):  # type: ignore[misc]  # WTForms has no types
    """A number of few digits: what compares numbers makes a float of each."""

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Read what was typed; raises ValueError for what is longer than any number meant."""
        too_long = any(len(each.strip()) > MOST_DIGITS for each in valuelist)
        super().process_formdata(["-"] if too_long else valuelist)


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
