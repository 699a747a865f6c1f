"""In which language a page speaks, and in which zone its times are."""

from flask import Flask, current_app, g, request
from flask_babel import Babel
from werkzeug.wrappers import Response

FIRST = "de"
NAMES = {"de": "Deutsch", "fr": "Français", "it": "Italiano", "en": "English"}
SPOKEN = tuple(NAMES)
COOKIE = "language"
YEAR = 365 * 24 * 3600


def init_app(app: Flask) -> None:
    """Choose language and zone for each request."""
    Babel(app, locale_selector=lambda: regional(chosen()), timezone_selector=zone)
    app.context_processor(
        lambda: {"language": chosen(), "languages": SPOKEN, "language_names": NAMES}
    )


def chosen() -> str:
    """Return what was chosen, then what the mailbox says, then what the browser asks for."""
    wished = request.cookies.get(COOKIE)
    if wished in SPOKEN:
        return wished
    of_mailbox = getattr(g, "language", None)
    if of_mailbox in SPOKEN:
        return str(of_mailbox)
    return request.accept_languages.best_match(SPOKEN) or FIRST


def regional(language: str) -> str:
    """Return the locale of a language as Switzerland writes dates and numbers in it."""
    return f"{language}_CH"


def keep(answer: Response, language: str) -> Response:
    """Let the browser keep the language that a person chose; with "" it forgets the last one."""
    if not language:
        answer.delete_cookie(COOKIE, secure=secure_cookie(), httponly=True, samesite="Lax")
        return answer
    answer.set_cookie(
        COOKIE, language, max_age=YEAR, secure=secure_cookie(), httponly=True, samesite="Lax"
    )
    return answer


def zone() -> str:
    """Return the tenant's zone."""
    return str(getattr(g, "zone", None) or "Europe/Zurich")


def secure_cookie() -> bool:
    """Whether cookies want https here."""
    return bool(current_app.config["SESSION_COOKIE_SECURE"])
