"""Proving once more who one is, before something that decides who may get in."""

from flask import Blueprint, flash, g, render_template, request
from flask_babel import gettext as _

from mailstore.hashing import LONGEST
from portal.access import for_user
from portal.auth import proof, second, tries
from portal.auth.tries import Answer

bp = Blueprint("again", __name__)


@bp.get("/sign-in/again")
@for_user
def ask() -> str:
    """Ask for the password once more."""
    return render_template("auth/again.html", silent=False)


@bp.post("/sign-in/again")
@for_user
def act() -> Answer:
    """Note the proof and go on."""
    text = request.form.get("password", "")[:LONGEST]
    asked = proof.ask(g.visitor.account.email, text)
    if asked.wait:
        return tries.too_often(asked.wait)
    return second.let_in(asked, whose=g.visitor.account) or _wrong(silent=asked.silent)


def _wrong(*, silent: bool) -> tuple[str, int]:
    flash(_("This password does not fit."), "warning")
    return render_template("auth/again.html", silent=silent), 422
