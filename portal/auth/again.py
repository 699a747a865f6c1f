"""Proving once more who one is, before something that decides who may get in."""

from flask import Blueprint, flash, g, redirect, render_template, request
from flask_babel import gettext as _
from flask_login import current_user

from mailstore import sessions
from mailstore.hashing import LONGEST
from portal.access import for_user, store
from portal.auth import entering, proof, tries
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
    if asked.proof:
        with store().write() as db:
            account = proof.settle(db, asked)
            if account is not None and account.id == g.visitor.account.id:
                sessions.proved(db, current_user.id, asked.proof.way)
                return redirect(entering.after(), 303)
    flash(_("This password does not fit."), "warning")
    return render_template("auth/again.html", silent=asked.silent), 422
