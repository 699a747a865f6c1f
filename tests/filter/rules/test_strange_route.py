import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "STRANGE_ROUTE",
            (
                "Received: from a.test (b.test [203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "From: Hans <h@firma.example.ch>\n"
                "Message-ID: <1@a.test>\n"
                "Subject: Hoi\n"
                "\n"
                "x"
            ),
            id="strange_route: German",
        ),
        pytest.param(
            "STRANGE_ROUTE",
            (
                "Received: from a.test ([203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "From: Bob <b@shop.test>\n"
                "\n"
                "x"
            ),
            id="strange_route: English",
        ),
        pytest.param(
            "LINKS_ELSEWHERE",
            ("From: Hans <h@firma.test>\nSubject: x\n\nSehen Sie http://anderswo.test/x"),
            id="links_elsewhere: German",
        ),
        pytest.param(
            "LINKS_ELSEWHERE",
            (
                "Content-Type: text/html; charset=utf-8\n"
                "From: b@shop.test\n"
                "Subject: x\n"
                "\n"
                '<a href="http://www.else.test/">Look</a>'
            ),
            id="links_elsewhere: English",
        ),
    ],
)
def test_a_strange_route_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "STRANGE_ROUTE",
            (
                "Received: from mail.shop.test ([203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "From: Bob <b@shop.test>\n"
                "\n"
                "x"
            ),
            id="strange_route: its own server",
        ),
        pytest.param(
            "STRANGE_ROUTE",
            (
                "Received: from a.test ([203.0.113.9])\n"
                "\tby mx.here.example with ESMTP id ABC123; Mon, 23 Nov 2026 09:00:00 +0"
                "100\n"
                "Message-ID: <1@shop.test>\n"
                "From: Bob <b@shop.test>\n"
                "\n"
                "x"
            ),
            id="strange_route: its own id",
        ),
        pytest.param(
            "LINKS_ELSEWHERE",
            "From: b@shop.test\n\nhttp://www.shop.test/ http://else.test/",
            id="links_elsewhere: to itself",
        ),
        pytest.param("LINKS_ELSEWHERE", "From: b@shop.test\n\nx", id="links_elsewhere: none"),
    ],
)
def test_what_only_resembles_a_strange_route_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
