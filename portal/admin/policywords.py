"""How values of policies are said: what they are, who says so, and what is wrong with one."""

from typing import Any

from babel.lists import format_list
from flask_babel import format_decimal, get_locale
from flask_babel import gettext as _

from mailstore.origins import From, Standing
from mailstore.policies import STANDARD, PolicyRow
from mailstore.policyvalues import Bounds, Choice, Days, Field, Number, Switch, Text, Times
from portal.admin.policytexts import CHOICES, ORIGINS, RECOMMENDED, RIGHTS
from portal.profile.times import days_shown


def name_of(policy: PolicyRow) -> str:
    """Return how a policy is called; only recommended ones have names that are translated."""
    return policy.name if policy.tenant_id else str(RECOMMENDED.get(policy.name, policy.name))


def choices_of(field: Field) -> dict[Any, Any]:
    """Return the words among which one is chosen for a value."""
    if isinstance(field.kind, Switch):
        return {"yes": _("yes"), "no": _("no")}
    words = CHOICES.get(field.name, RIGHTS)
    kind = field.kind
    return {each: words[each] for each in kind.choices} if isinstance(kind, Choice) else {}


def value_of(standing: Standing) -> str:
    """Return a value as people say it."""
    value, field = standing.value, standing.field
    if value is None or value == []:
        return _nothing(field)
    match field.kind:
        case Switch() | Choice():
            said = choices_of(field)[standing.text]
        case Bounds():
            low, high = map(format_decimal, value)
            said = _("from %(low)s to %(high)s", low=low, high=high)
        case Number():
            said = format_decimal(value)
        case Days():
            said = days_shown(value)
        case Times():
            said = format_list(value.split(","), locale=get_locale())
        case _:
            said = value
    return str(said)


def _nothing(field: Field) -> str:
    """Return what it means that a value is empty."""
    if isinstance(field.kind, Bounds):
        return str(_("no"))
    return str(_("never") if field.name == "reject_at" else _("as your organisation has it"))


def origin_of(standing: Standing, *, named: bool) -> str:
    """Return who says a value; `named` on the page of a policy that has a name."""
    kind, name = standing.origin
    if kind is From.RECOMMENDED and name not in ("", STANDARD):
        said = _("from the recommended policy “%(name)s”", name=RECOMMENDED.get(name, name))
    elif kind is From.POLICY:
        own = named and standing.own
        said = _("set in this policy") if own else _("from the policy “%(name)s”", name=name)
    elif kind is From.DOMAIN and not standing.own:
        said = _("set for the domain %(name)s", name=name)
    else:
        said = ORIGINS[kind]
    return str(said)


def wrong_of(field: Field) -> str:
    """Return what there is to say of a value that cannot be."""
    match field.kind:
        case Number(least, most, empty=empty):
            said = _("Please write a number from %(least)s to %(most)s.", least=least, most=most)
            if empty:
                said = _(
                    "Please write a number from %(least)s to %(most)s, or nothing.",
                    least=least,
                    most=most,
                )
        case Bounds(of):
            said = _(
                "Please write two numbers from %(least)s to %(most)s, the smaller one first, "
                "or none.",
                least=of.least,
                most=of.most,
            )
        case Text(longest):
            said = _("Write at most %(num)d characters, and no control characters.", num=longest)
        case Times():
            said = _("Please name a time of day, for example 09:00.")
        case _:
            said = _("Please choose one of the answers.")
    return str(said)
