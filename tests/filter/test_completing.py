import re

import pytest

from filter.completing import completed, is_too_large
from filter.spool import CHUNK, Spool
from tests.factories import NOON

WHOLE = (
    b"Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@muster.example>\r\n"
    b"From: anna@muster.example\r\n\r\nBcc: is body\r\n"
)


def content(raw: bytes) -> bytes:
    with Spool(None) as spool:
        spool.write(raw)
        whole = completed(spool, "mx.mailhafen.test", NOON)
        if whole is None:
            return raw
        with whole:
            return b"".join(whole.chunks())


def test_a_whole_mail_stays_as_it_is() -> None:
    assert content(WHOLE) == WHOLE


def test_date_and_message_id_are_added_above_what_was_written() -> None:
    made = content(b"From: anna@muster.example\r\n\r\nHello\r\n")
    assert re.fullmatch(
        rb"Date: Tue, 24 Nov 2026 12:00:00 \+0000\r\n"
        rb"Message-ID: <[0-9a-f]{32}@mx\.mailhafen\.test>\r\n"
        rb"From: anna@muster\.example\r\n\r\nHello\r\n",
        made,
    )


@pytest.mark.parametrize(
    "blind",
    [
        b"Bcc: beat@muster.example\r\n",
        b"BCC : beat@muster.example,\r\n chris@there.example\r\n",
        b"Resent-Bcc: beat@muster.example\r\n",
        b"bcc:\r\nBcc: x@there.example\r\n",
    ],
)
def test_nobody_reads_who_got_a_blind_copy(blind: bytes) -> None:
    head, _, body = WHOLE.partition(b"\r\n\r\n")
    assert content(head + b"\r\n" + blind + b"\r\n" + body) == WHOLE
    assert content(blind + WHOLE) == WHOLE


def test_a_large_mail_is_completed_too() -> None:
    body = b"x" * 998 + b"\r\n"
    made = content(b"Bcc: a@there.example\r\n" + WHOLE + body * 500)
    assert made == WHOLE + body * 500


def test_a_header_without_an_end_is_too_large() -> None:
    with Spool(None) as spool:
        spool.write(b"X-Filler: x\r\n" * (CHUNK // 10))
        assert is_too_large(spool)
    with Spool(None) as spool:
        spool.write(WHOLE)
        assert not is_too_large(spool)
