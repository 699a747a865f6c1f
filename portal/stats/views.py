"""What happened to the mail of a tenant's domains: figures, charts, and their numbers as a file."""

from http import HTTPStatus
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, g, render_template, request
from flask.typing import ResponseReturnValue

from mailstore import clock, figures, overview, stats
from mailstore.errors import NotFound
from mailstore.periods import Period
from mailstore.stats import Choice, Statistics
from portal import languages
from portal.access import for_admin
from portal.paging import row_id
from portal.stats import drawn, ranges, sheets
from portal.stats.words import KINDS, Words

bp = Blueprint("statistics", __name__, url_prefix="/admin/statistics")

QUICK = ("within_5", "within_30")


@bp.get("/")
@for_admin
def index() -> str:
    """Show figures and charts of some days."""
    choice, period = _choice(), _period()
    found, words, now = stats.of(g.db, choice, period), _words(), clock.now()
    outages = stats.outages(g.db, choice, period)
    return render_template(
        "admin/statistics.html",
        tiles=_tiles(found, words),
        charts={name: _sheet(name, found, words) for name in drawn.CHARTS},
        legends={name: drawn.legend(name, found) for name in drawn.CHARTS},
        outages=[(each, words.minutes(stats.lasted(each, now))) for each in outages],
        words=words,
        period=period,
        **_chosen(choice),
    )


@bp.get("/most")
@for_admin
def most() -> str:
    """Show who wrote and who got most; apart, because it looks at each mail."""
    choice, period = _choice(), _period()
    return render_template(
        "admin/most.html",
        senders=stats.senders(g.db, choice, period),
        recipients=stats.recipients(g.db, choice, period),
        words=_words(),
        period=period,
        **_chosen(choice),
    )


@bp.get("/quarantine")
@for_admin
def held() -> str:
    """Show what is held for whom."""
    choice, words = _choice(), _words()
    found = overview.of(g.db, choice)
    return render_template(
        "admin/held.html", found=found, words=words, kinds=KINDS, **_chosen(choice)
    )


@bp.get("/chart.svg")
@for_admin
def chart() -> ResponseReturnValue:
    """Draw one chart for one theme; a picture in which nothing runs."""
    name, theme = request.args.get("chart", "mail"), request.args.get("theme", "light")
    if name not in drawn.CHARTS or theme not in drawn.PAPER:
        abort(HTTPStatus.NOT_FOUND)
    look = drawn.Look(theme, small="small" in request.args)
    picture = drawn.chart(name, stats.of(g.db, _choice(), _period()), _words(), look)
    answer = Response(picture, mimetype="image/svg+xml")
    answer.headers["Content-Security-Policy"] = drawn.POLICY
    return answer


@bp.get("/numbers.csv")
@for_admin
def numbers() -> ResponseReturnValue:
    """Return the figures as a table (CSV)."""
    period, words = _period(), _words()
    sheet = sheets.for_spreadsheet(stats.of(g.db, _choice(), period), words)
    return _file(sheets.as_csv(sheet, words.language), f"mail-{period.first}-{period.last}.csv")


@bp.get("/quarantine.csv")
@for_admin
def held_numbers() -> ResponseReturnValue:
    """Return what is held for whom as a table (CSV)."""
    words = _words()
    sheet = sheets.of_people(overview.of(g.db, _choice()), words, detailed=True)
    today = clock.now().astimezone(words.zone).date()
    return _file(sheets.as_csv(sheet, words.language), f"quarantine-{today}.csv")


def _file(content: bytes, name: str) -> Response:
    answer = Response(content, mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _sheet(name: str, found: Statistics, words: Words) -> sheets.Sheet:
    if name == "times":
        return sheets.shown_times(found, words)
    return sheets.shown(found, sheets.MAIL if name == "mail" else sheets.VOLUME, words)


def _tiles(found: Statistics, words: Words) -> dict[str, str]:
    """Return the figures that tell most, by what they are called in the template."""
    arrived = found.total(*sheets.TIMES)
    return {
        "received": words.number(found.received),
        "held": words.number(found.total(figures.HELD)),
        "refused": words.number(found.total(figures.REFUSED)),
        "sent": words.number(found.total(figures.OUT)),
        "volume": words.volume(found.total(stats.BYTES_IN)),
        "quick": words.share(found.total(*QUICK), arrived),
    }


def _chosen(choice: Choice) -> dict[str, object]:
    """Return what the form shows as chosen, and what links of the page pass on."""
    wanted = request.args.get("domain", type=row_id)
    name = request.args.get("days", ranges.USUAL)
    asked = {"days": None if name == ranges.USUAL else name, "domain": wanted}
    everything = choice if wanted is None else stats.among(g.db, g.tenant.id, ())
    return {"ranges": ranges.RANGES, "days": name, "domain": wanted, "asked": asked,
            "domains": everything.domains}  # fmt: skip


def _choice() -> Choice:
    """Return the domain that is asked for, or all; a foreign one is not found."""
    wanted = request.args.get("domain", "")
    try:
        return stats.choose(g.db, g.tenant.id, [int(wanted)] if wanted else ())
    except (NotFound, ValueError):
        abort(HTTPStatus.NOT_FOUND)


def _period() -> Period:
    name = request.args.get("days", ranges.USUAL)
    if name not in ranges.RANGES:
        abort(HTTPStatus.NOT_FOUND)
    return ranges.named(name, clock.now(), _zone())


def _words() -> Words:
    return Words.of(languages.chosen(), _zone())


def _zone() -> ZoneInfo:
    return ZoneInfo(languages.zone())
