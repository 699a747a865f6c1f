"""MTA-STS (RFC 8461): reads what a domain asks of whoever brings it mail, where it says so."""

import asyncio
import re
import time
from collections.abc import Sequence
from datetime import timedelta

import httpx
import structlog

from filter.proof import BY_POLICY
from filter.routing import Router
from filter.wire import HopDown
from mailstore import clock
from mailstore.errors import BadName
from mailstore.routes import Route
from mailstore.sending import stspolicies
from mailstore.sending.stspolicies import Mode, StsPolicy, Wish
from mailstore.settings import Settings
from mailstore.store import Store

log = structlog.get_logger()

PORT = 443
# RFC 8461 §3.3 has a minute; a lane is not held for as long.
SECONDS = 10.0
WAIT_SECONDS = 300.0
MOST_BYTES = 64 * 1024
MOST_WAITING = 10_000
LONGEST_AGE = 31_557_600
VERSION, MARK = "STSv1", "v=STSv1;"
_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_AGE = re.compile(r"[0-9]{1,10}")


class Unreadable(Exception):
    """There is no policy that can be read; the text says why."""


class StsReader:
    """Finds the policies of domains; one for each process, which knows whom to leave alone."""

    def __init__(self, settings: Settings, router: Router) -> None:
        self._settings, self._router = settings, router
        self._not_before: dict[str, float] = {}

    async def policy(self, store: Store, domain: str) -> StsPolicy | None:
        """Return the policy in force; None where there is none, or none can be read."""
        with store.read() as db:
            known = stspolicies.in_force(db, domain)
        records = await self._router.resolver.lookup("TXT", f"_mta-sts.{domain}")
        version = None if records is None else version_of(records)
        if not _is_wanted(known, version) or self._not_before.get(domain, 0.0) > time.monotonic():
            return known
        try:
            wish = read(await self.fetch(domain))
        except Unreadable as error:
            self._leave_alone(domain)
            log.info("sts_unreadable", domain=domain, error=str(error), kept=known is not None)
            return known
        with store.write() as db:
            return stspolicies.keep(db, domain, version or (known.version if known else ""), wish)

    def _leave_alone(self, domain: str) -> None:
        if len(self._not_before) >= MOST_WAITING:
            self._not_before.clear()
        self._not_before[domain] = time.monotonic() + WAIT_SECONDS

    async def fetch(self, domain: str) -> str:
        """Return the file of a domain's policy; raises Unreadable."""
        try:
            async with asyncio.timeout(SECONDS):
                return await self._get(domain)
        except TimeoutError as error:
            raise Unreadable(f"no answer within {SECONDS:g} s") from error
        except (HopDown, BadName, OSError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreadable(str(error) or type(error).__name__) from error

    async def _get(self, domain: str) -> str:
        url = httpx.URL(f"https://mta-sts.{domain}/.well-known/mta-sts.txt")
        host = url.raw_host.decode()
        # A stranger named the host: its address is checked, and that very address is asked.
        endpoint, *_ = await self._router.endpoints(Route(((host, PORT),)), trusted=False)
        proven = BY_POLICY.context(self._settings.tls_authorities)
        async with (
            httpx.AsyncClient(verify=proven, timeout=None, trust_env=False) as client,  # noqa: S113 (a timeout is around it)
            client.stream(
                "GET",
                url.copy_with(host=endpoint.address, port=endpoint.port),
                headers={"Host": host, "Accept-Encoding": "identity"},
                extensions={"sni_hostname": host},
            ) as answer,
        ):
            return await _text_of(answer)


def _is_wanted(known: StsPolicy | None, version: str | None) -> bool:
    """Whether a policy is to be read, now that DNS says a version; None: nobody knows which."""
    if version == "":  # a domain that says nothing any more lets its policy end
        return False
    if known is None:
        return version is not None
    return known.is_old(clock.now()) or version not in (None, known.version)


async def _text_of(answer: httpx.Response) -> str:
    if answer.status_code != httpx.codes.OK:
        raise Unreadable(f"HTTP {answer.status_code}")
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "text/plain":
        raise Unreadable(f"'{kind}' is not text/plain")
    content = b""
    async for piece in answer.aiter_raw():
        content += piece
        if len(content) > MOST_BYTES:
            raise Unreadable("it is too long")
    return content.decode("utf-8", "replace")


def version_of(records: Sequence[Sequence[str]]) -> str:
    """Return the id that the records of a domain give its policy; empty for none (§3.1)."""
    said = [text for pieces in records if (text := "".join(pieces)).startswith(MARK)]
    if len(said) != 1:
        return ""
    fields = dict(part.strip().partition("=")[::2] for part in said[0].split(";"))
    found = fields.get("id", "").strip()
    return found if _ID.fullmatch(found) else ""


def read(text: str) -> Wish:
    """Return what a policy asks for (RFC 8461 §3.2), or raise Unreadable."""
    fields: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip(), []).append(value.strip())
    # Of a field that may stand once, the first counts.
    version, mode, age = (fields.get(name, [""])[0] for name in ("version", "mode", "max_age"))
    if version != VERSION or mode not in set(Mode) or not _AGE.fullmatch(age):
        raise Unreadable("it is not a policy")
    patterns = tuple(each.lower().rstrip(".") for each in fields.get("mx", []))
    if not patterns and mode != Mode.NONE:
        raise Unreadable("it names no server")
    return Wish(Mode(mode), patterns, timedelta(seconds=min(int(age), LONGEST_AGE)))
