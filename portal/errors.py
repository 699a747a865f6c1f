"""Error pages: what happened, what is safe, what to do; never what went wrong inside."""

from http import HTTPStatus

import structlog
from flask import Flask, Response, render_template
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from gunicorn.http.errors import (  # type: ignore[import-untyped]  # it has no types
    ParseException,
)
from werkzeug.exceptions import BadRequest, HTTPException, InternalServerError, SecurityError

log = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Answer every error with a page of ours."""
    app.register_error_handler(CSRFError, _expired_form)
    app.register_error_handler(HTTPException, _expected)
    # What the server finds wrong with a body while a view reads it, a chunk of no size for one.
    app.register_error_handler(ParseException, lambda _error: _expected(BadRequest()))
    app.register_error_handler(Exception, _unplanned)


def _expected(error: HTTPException) -> Response | tuple[str, int] | HTTPException:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST or error.response is not None:
        return error
    if isinstance(error, SecurityError):
        # The Host is not ours, so there are no addresses that a page of ours could lead to.
        return "This is not the address of this portal.", error.code
    texts = {
        401: _("Please sign in first."),
        404: _("This page does not exist, or it is not for you."),
        405: _("This page does not exist, or it is not for you."),
        413: _("That is more than this page takes."),
    }
    text = texts.get(error.code, _("That did not work. Nothing was changed."))
    return render_template("error.html", code=error.code, text=text), error.code


def _expired_form(_error: CSRFError) -> tuple[str, int]:
    text = _("This page was open for too long. Please go back, reload it and try again.")
    return render_template("error.html", code=400, text=text), 400


def _unplanned(error: Exception) -> tuple[str, int]:
    log.error("page_failed", exc_info=error)
    code = InternalServerError.code or 500
    text = _("Something went wrong on our side. Your mail is safe. Please try again.")
    return render_template("error.html", code=code, text=text), code
