"""What pages of policies share: the values as they are drawn, and what their forms say."""

from dataclasses import dataclass
from typing import Any

from flask import abort, render_template, request
from flask_babel import gettext as _

from mailstore.errors import BadName
from mailstore.origins import Standing
from mailstore.policyvalues import (
    BETWEEN,
    FIELDS,
    Bounds,
    Choice,
    Days,
    Field,
    Group,
    Number,
    Switch,
    Times,
)
from mailstore.reports.times import DAILY, WEEKDAYS, WORKDAYS
from portal.admin import policytexts, policywords
from portal.profile.times import MONTHLY, days_shown

SET, RESET = "set", "reset"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A value that cannot be: which, what was typed, and what to say of it."""

    name: str
    typed: list[str]
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A value as a page shows it; `choices` are words by what is sent, `inputs` what is typed."""

    standing: Standing
    label: str
    about: str
    said: str
    origin: str
    choices: dict[Any, Any]
    inputs: list[str]
    wrong: str
    numeric: bool
    clock: bool

    @property
    def name(self) -> str:
        """What the value is called in forms."""
        return self.standing.field.name


def groups(
    standings: dict[str, Standing], wrong: Wrong | None = None, *, named: bool = False
) -> list[tuple[Group, str, str, list[Row]]]:
    """Return the values in their groups, each with its title and what it is about."""
    rows = [_row(each, wrong, named=named) for each in standings.values()]
    return [
        (group, title, about, [row for row in rows if row.standing.field.group is group])
        for group, (title, about) in policytexts.GROUPS.items()
    ]


def asked() -> tuple[Field, bool]:
    """Return which value a form is about, and whether it is to be reset; or answer 400."""
    deed, name = request.form.get("deed"), request.form.get("name", "")
    if deed not in (SET, RESET) or name not in FIELDS:
        abort(400)
    return FIELDS[name], deed == RESET


def typed(field: Field) -> str:
    """Return what a form says of a value, as one text."""
    values = [each.strip() for each in request.form.getlist("value")]
    if isinstance(field.kind, Bounds):
        return BETWEEN.join(values) if any(values) else ""
    if isinstance(field.kind, Times):
        return ",".join(filter(None, values))
    return values[0] if values else ""


def checked(field: Field) -> dict[str, Any] | Wrong:
    """Return what a form sets, or what is wrong with it."""
    said = typed(field)
    try:
        return {field.name: field.kind.read(said)}
    except BadName:
        return Wrong(field.name, request.form.getlist("value"), policywords.wrong_of(field))


def page(standings: dict[str, Standing], wrong: Wrong | None = None, **more: Any) -> str:
    """Return the page of a policy with a name, or of a level."""
    named = more.get("policy") is not None
    return render_template(
        "admin/policy.html",
        groups=groups(standings, wrong, named=named),
        unnoticed=not standings["report"].value,
        differing=sum(each.differs for each in standings.values()),
        unfolded=wrong.name if wrong else request.args.get("open", ""),
        name_of=policywords.name_of,
        labels=labels,
        **more,
    )


def _row(standing: Standing, wrong: Wrong | None, *, named: bool) -> Row:
    field = standing.field
    mine = wrong if wrong and wrong.name == field.name else None
    return Row(
        standing,
        str(policytexts.LABELS[field.name]),
        str(policytexts.ABOUT.get(field.name, "")),
        policywords.value_of(standing),
        policywords.origin_of(standing, named=named),
        _choices(field),
        mine.typed if mine else _inputs(standing),
        mine.text if mine else "",
        isinstance(field.kind, Number | Bounds),
        isinstance(field.kind, Times),
    )


def _choices(field: Field) -> dict[Any, Any]:
    if isinstance(field.kind, Days):
        return {each: days_shown(each) for each in (DAILY, WORKDAYS, *WEEKDAYS, *MONTHLY)}
    return policywords.choices_of(field) if isinstance(field.kind, Switch | Choice) else {}


def _inputs(standing: Standing) -> list[str]:
    """Return what stands in the inputs of a value that is typed."""
    kind, value = standing.field.kind, standing.value
    if isinstance(kind, Bounds):
        return [kind.of.write(each) for each in value or ()] or ["", ""]
    if isinstance(kind, Times):
        return [*value.split(","), ""][:2]
    return ["" if value is None else standing.text]


def labels(row: Row) -> list[str]:
    """Return what the inputs of a value with two of them are called."""
    if row.clock:
        return [_("First report"), _("Second report")]
    return [_("At least"), _("At most")] if len(row.inputs) > 1 else [row.label]
