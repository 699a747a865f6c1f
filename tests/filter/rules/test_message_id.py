import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "MESSAGE_ID_MISSING", "Subject: Gewinn\n\nx", id="message_id_missing: German without"
        ),
        pytest.param(
            "MESSAGE_ID_MISSING",
            "Message-ID: <>\nSubject: Prize\n\nx",
            id="message_id_missing: English empty",
        ),
        pytest.param(
            "MESSAGE_ID_BROKEN",
            "Message-ID: <kein-host>\nSubject: Hallo\n\nx",
            id="message_id_broken: German no host",
        ),
        pytest.param(
            "MESSAGE_ID_BROKEN",
            "Message-ID: <a@b@c>\nSubject: Hi\n\nx",
            id="message_id_broken: English two",
        ),
        pytest.param(
            "MESSAGE_ID_BY_RELAY",
            (
                "Received: from pc ([203.0.113.9]) by mail.firma.example with SMTP id U"
                "AA06531; Mon, 23 Nov 2026 09:00:00 +0100\n"
                "Message-ID: <202611230800.UAA06531@mail.firma.example>\n"
                "Subject: Angebot\n"
                "\n"
                "x"
            ),
            id="message_id_by_relay: German relay",
        ),
        pytest.param(
            "MESSAGE_ID_BY_RELAY",
            (
                "Received: from x.example (x.example [203.0.113.9]) by relay.example wi"
                "th ESMTP id g8UD5wg1; Mon, 23 Nov 2026 09:00:00 +0100\n"
                "Message-ID: <2026.g8UD5wg1@relay.example>\n"
                "\n"
                "x"
            ),
            id="message_id_by_relay: English relay",
        ),
    ],
)
def test_a_missing_broken_or_borrowed_id_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "MESSAGE_ID_MISSING",
            "Message-ID: <a@b.example>\n\nx",
            id="message_id_missing: ordinary",
        ),
        pytest.param(
            "MESSAGE_ID_BROKEN",
            "Message-ID: <a.b-c@d.example>\n\nx",
            id="message_id_broken: well formed",
        ),
        pytest.param(
            "MESSAGE_ID_BROKEN", "Message-ID:\n <a@d.example>\n\nx", id="message_id_broken: folded"
        ),
        pytest.param(
            "MESSAGE_ID_BY_RELAY",
            (
                "Received: from localhost (localhost [127.0.0.1]) by relay.example with"
                " ESMTP id g8UD5wg1; Mon, 23 Nov 2026 09:00:00 +0100\n"
                "Message-ID: <2026.g8UD5wg1@relay.example>\n"
                "\n"
                "x"
            ),
            id="message_id_by_relay: on its own host",
        ),
        pytest.param(
            "MESSAGE_ID_BY_RELAY",
            (
                "Received: from x ([203.0.113.9]) by relay.example with ESMTP id g8UD5w"
                "g1; Mon, 23 Nov 2026 09:00:00 +0100\n"
                "Message-ID: <77@x.example>\n"
                "\n"
                "x"
            ),
            id="message_id_by_relay: of the author",
        ),
    ],
)
def test_what_only_resembles_a_missing_broken_or_borrowed_id_is_fine(
    symbol: str, mail: str
) -> None:
    assert found(symbol, an_exam(mail)) == []
