"""Sending notices: by mail straight to whoever is told, or by a signed webhook.

They go past the queue, for they tell that it waits; a notice is tried for two days.
"""

import asyncio
import base64
import hashlib
import hmac
import time
from functools import partial

import httpx
import structlog

from filter import signing
from filter.hop import Hop
from filter.routing import router_of
from filter.wire import HopDown
from mailstore import notices
from mailstore.addresses import Address, parse_host_port
from mailstore.deliveries import Result
from mailstore.errors import BadName
from mailstore.jobs import job
from mailstore.lanes import NOBODY, OPERATOR, Lane
from mailstore.notices import Notice, Way
from mailstore.routes import Route
from mailstore.settings import Settings
from mailstore.store import Store
from mailstore.tenants import Tenant

log = structlog.get_logger()

WEBHOOK_SECONDS = 10.0
TAKEN = range(200, 300)
GONE = 410


@job
def send_notice(store: Store, notice_id: int) -> None:
    """Send a notice that is written; safe to run twice, and sent once but for a crash between."""
    with store.write() as db:
        notice = notices.take(db, notice_id, written=True)
    if notice is None:
        return
    send = _by_webhook if notice.way is Way.WEBHOOK else _by_mail
    sent, final, reply = asyncio.run(send(store, notice))
    log.info("notice_sent" if sent else "notice_waits", notice=notice_id)
    with store.write() as db:
        notices.finish(db, notice, reply, sent=sent, final=final)


async def _by_mail(store: Store, notice: Notice) -> tuple[bool, bool, str]:
    settings, address = store.settings, Address.parse(notice.target)
    route = settings.way_out or Route.by_mx(address.domain)
    lane = Lane(route=str(route), named_by=OPERATOR if settings.way_out else NOBODY)
    plain, keys = [notice.content or b""], partial(signing.own_keys, settings)
    content = list(signing.signed(lambda: plain, keys))
    try:
        connection = await Hop(store, lane).connect()
        try:
            outcome = await connection.send("", notice.target, lambda: iter(content))
        finally:
            connection.close()
    except HopDown as error:
        return False, False, str(error)
    return outcome.result is Result.SENT, outcome.result is Result.REFUSED, outcome.reply


async def _by_webhook(store: Store, notice: Notice) -> tuple[bool, bool, str]:
    with store.read() as db:
        tenant = db.get(Tenant, notice.tenant_id)
    if tenant is None or tenant.webhook_url != notice.target:
        return False, True, "the webhook was changed"
    headers = signed(
        store.ring.unwrap(tenant.webhook_secret), str(notice.id), notice.content or b""
    )
    try:
        async with asyncio.timeout(WEBHOOK_SECONDS):
            code = await _post(store.settings, notice, headers)
    except TimeoutError:
        return False, False, f"no answer within {WEBHOOK_SECONDS:g} s"
    except (HopDown, BadName, httpx.HTTPError, httpx.InvalidURL) as error:
        return False, False, str(error) or type(error).__name__
    return code in TAKEN, code == GONE, f"HTTP {code}"


async def _post(settings: Settings, notice: Notice, headers: dict[str, str]) -> int:
    url = httpx.URL(notice.target)
    host = f"[{url.host}]" if ":" in url.host else url.host
    hop = parse_host_port(f"{host}:{url.port or (443 if url.scheme == 'https' else 80)}")
    # A tenant named the host: its address is checked, and that very address is asked.
    endpoints = await router_of(settings).endpoints(Route((hop,)), trusted=False)
    async with (
        httpx.AsyncClient(timeout=None, trust_env=False) as client,  # noqa: S113 (a timeout is around it)
        # What it says beside the code is not read: it may be endless.
        client.stream(
            "POST",
            url.copy_with(host=endpoints[0].address),
            content=notice.content,
            headers=headers | {"Host": url.netloc.decode(), "Content-Type": "application/json"},
            extensions={"sni_hostname": url.host},
        ) as answer,
    ):
        return answer.status_code


def signed(secret: bytes, name: str, content: bytes) -> dict[str, str]:
    """Return the headers that prove a webhook (Standard Webhooks 1.0: id, timestamp, HMAC)."""
    at = str(int(time.time()))
    signature = hmac.new(secret, f"{name}.{at}.".encode() + content, hashlib.sha256).digest()
    return {
        "webhook-id": name,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }
