"""A person with a browser: signs in at the portal and presses buttons."""

import http.cookiejar
import re
import time
import urllib.error
import urllib.parse
import urllib.request

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
SECONDS = 30.0
PAUSE = 0.1
BROKEN = 0


class Visitor:
    """One browser session; each request returns code and text, code 0 if no answer came."""

    def __init__(self, base: str) -> None:
        self._base = base
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)

    def get(self, path: str) -> tuple[int, str]:
        """Open a page."""
        return self._open(path, None)

    def post(self, path: str, page: str, **fields: str) -> tuple[int, str]:
        """Press a button of a page; the page is opened for its token first."""
        code, text = self.get(page)
        if code == BROKEN:
            return BROKEN, ""
        found = TOKEN.search(text)
        form = {"csrf_token": found[1] if found else "", **fields}
        return self._open(path, urllib.parse.urlencode(form).encode())

    def sign_in(self, email: str, password: str) -> None:
        """Sign in as soon as the portal answers; raises AssertionError if that is refused.

        A port can be open a moment before anybody serves it: what listened there before may be
        dying still.
        """
        end = time.monotonic() + SECONDS
        code, text = BROKEN, ""
        while code == BROKEN and time.monotonic() < end:
            code, text = self.post("/sign-in", "/sign-in", email=email, password=password)
            time.sleep(PAUSE if code == BROKEN else 0)
        assert (code, 'name="password"' in text) == (200, False), (code, text[:200])

    def _open(self, path: str, form: bytes | None) -> tuple[int, str]:
        try:
            with self._opener.open(self._base + path, form, SECONDS) as said:
                return said.status, said.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return BROKEN, ""
