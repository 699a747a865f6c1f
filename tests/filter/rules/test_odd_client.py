import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "CLIENT_NAMELESS",
            (
                "Received: from pc.firma.example ([203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "Subject: Hoi\n"
                "\n"
                "x"
            ),
            id="client_nameless: German",
        ),
        pytest.param(
            "CLIENT_NAMELESS",
            (
                "Received: from x ([203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "Subject: Hi\n"
                "\n"
                "x"
            ),
            id="client_nameless: English",
        ),
        pytest.param(
            "HELO_NUMBERS",
            (
                "Received: from 203.0.113.9 (a.example [203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "Subject: Hoi\n"
                "\n"
                "x"
            ),
            id="helo_numbers: German",
        ),
        pytest.param(
            "HELO_NUMBERS",
            (
                "Received: from 203.0.113.9 ([203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "Subject: Hi\n"
                "\n"
                "x"
            ),
            id="helo_numbers: English brackets",
        ),
        pytest.param(
            "HELO_FORGED",
            (
                "Received: from bank.example (dsl.anderswo.test [203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "Subject: Hoi\n"
                "\n"
                "x"
            ),
            id="helo_forged: German",
        ),
        pytest.param(
            "HELO_FORGED",
            (
                "Received: from yahoo.com (x.evil.test [203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "\n"
                "x"
            ),
            id="helo_forged: English",
        ),
        pytest.param(
            "HELO_ONE_WORD",
            (
                "Received: from buero-pc (a.example [203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "Subject: Hoi\n"
                "\n"
                "x"
            ),
            id="helo_one_word: German",
        ),
        pytest.param(
            "HELO_ONE_WORD",
            (
                "Received: from computer ([203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "\n"
                "x"
            ),
            id="helo_one_word: English",
        ),
        pytest.param(
            "CLIENT_AT_HOME",
            (
                "Received: from a.example (dslb-1.provider.example [203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "Subject: Hoi\n"
                "\n"
                "x"
            ),
            id="client_at_home: German",
        ),
        pytest.param(
            "CLIENT_AT_HOME",
            (
                "Received: from a.example (ppp12.isp.example [203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "\n"
                "x"
            ),
            id="client_at_home: English",
        ),
    ],
)
def test_a_client_without_a_proper_name_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "CLIENT_NAMELESS",
            (
                "Received: from a.example (a.example [203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "\n"
                "x"
            ),
            id="client_nameless: named",
        ),
        pytest.param(
            "CLIENT_NAMELESS",
            (
                "Received: from a.example ([203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "List-Post: <mailto:l@a.example>\n"
                "\n"
                "x"
            ),
            id="client_nameless: list",
        ),
        pytest.param(
            "HELO_NUMBERS",
            (
                "Received: from a.example ([203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "\n"
                "x"
            ),
            id="helo_numbers: name",
        ),
        pytest.param(
            "HELO_FORGED",
            (
                "Received: from mail.a.example (out.a.example [203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "\n"
                "x"
            ),
            id="helo_forged: same domain",
        ),
        pytest.param(
            "HELO_ONE_WORD",
            (
                "Received: from mx.a.example ([203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "\n"
                "x"
            ),
            id="helo_one_word: full name",
        ),
        pytest.param(
            "CLIENT_AT_HOME",
            (
                "Received: from a.example (mail.isp.example [203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "\n"
                "x"
            ),
            id="client_at_home: server",
        ),
    ],
)
def test_what_only_resembles_a_client_without_a_proper_name_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
