"""Headers and cookies of every answer: strict without exceptions."""

from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

from flask import Flask, Response, abort, request
from werkzeug.middleware.proxy_fix import ProxyFix

from mailstore.reach import Network

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# For the frame that shows somebody else's HTML: nothing is loaded, nothing runs.
FRAME_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox"
)
LINKS_POLICY = f"{FRAME_POLICY} allow-popups allow-popups-to-escape-sandbox"
# The same once somebody asked for the pictures of the mail they read.
PICTURES_POLICY = LINKS_POLICY.replace("img-src data:", "img-src data: http: https:")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex",
}
HSTS = "max-age=31536000; includeSubDomains"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
# What browsers say of where a request comes from (Fetch Metadata); programs say nothing.
OUTSIDE = frozenset({"cross-site", "same-site"})
STATIC = frozenset({"static", "bootstrap.static"})


Answerer = Callable[..., Iterable[bytes]]


class BehindProxies:
    """Takes the address of who asks from X-Forwarded-For, where a proxy of ours says it."""

    def __init__(self, app: Answerer, proxies: Sequence[Network]) -> None:
        self._direct, self._proxies = app, proxies
        self._proxied = ProxyFix(app, x_for=1, x_proto=0, x_host=0)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        app = self._proxied if self._is_proxy(environ) else self._direct
        return app(environ, start_response)

    def _is_proxy(self, environ: dict[str, Any]) -> bool:
        try:
            peer = ip_address(environ.get("REMOTE_ADDR", ""))
        except ValueError:
            return False
        return any(peer in network for network in self._proxies)


def cookies(*, secure: bool) -> dict[str, Any]:
    """Return the cookie settings; `__Host-` needs https, which a loopback demo lacks."""
    return {
        "SESSION_COOKIE_NAME": "__Host-session" if secure else "session",
        "DEVICE_COOKIE_NAME": "__Host-device" if secure else "device",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
    }


def init_app(app: Flask) -> None:
    """Put the headers on every response, and take no form that a page of others sends."""
    secure = bool(app.config["SESSION_COOKIE_SECURE"])

    @app.before_request
    def refuse_forms_of_others() -> None:
        if request.method not in READING and request.headers.get("Sec-Fetch-Site") in OUTSIDE:
            abort(HTTPStatus.BAD_REQUEST)

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if secure:
            response.headers["Strict-Transport-Security"] = HSTS
        if request.endpoint not in STATIC or response.status_code >= HTTPStatus.BAD_REQUEST:
            response.headers["Cache-Control"] = "no-store"
        return response
