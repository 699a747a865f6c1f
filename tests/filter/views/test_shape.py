import time
from datetime import UTC, datetime

import pytest

from filter.views.route import from_the_net, hops
from filter.views.shape import fields, page, page_of, whole_text
from mailstore.hosts import site
from tests.filter.exams import an_exam

HOP = (
    "Received: from pc7 (line-9.provider.example [203.0.113.9])\n"
    "\tby mx.here.example (Postfix) with ESMTP id 4F2A9C;\n"
    "\tMon, 23 Nov 2026 09:00:00 +0100 (CET)\n"
)


def test_a_hop_tells_who_said_what_to_whom_and_when() -> None:
    (hop,) = hops(an_exam(HOP + "\nx").mail)
    assert (hop.helo, hop.reverse, hop.ip) == ("pc7", "line-9.provider.example", "203.0.113.9")
    assert (hop.by, hop.id) == ("mx.here.example", "4f2a9c")
    assert hop.at == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    assert from_the_net(hop)


@pytest.mark.parametrize(
    "text",
    ["", "garbage", "from (", "from x (y [999.999.999.999]) by ; never", "by;;;", "from \udcff"],
)
def test_a_hop_that_cannot_be_read_says_little_and_breaks_nothing(text: str) -> None:
    assert len(hops(an_exam(f"Received: {text}\n\nx").mail)) == 1


def test_fields_are_found_in_small_letters_and_unfolded() -> None:
    mail = an_exam("SUBJECT: Grüezi\n mitenand\nX-A: 1\nx-a: 2\n\nx").mail
    assert fields(mail)["subject"] == ["Grüezi mitenand"]
    assert fields(mail)["x-a"] == ["1", "2"]


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("<p>Grat<b>is</b></p>", "Gratis"),
        ("Vi<!-- x -->agra", "Viagra"),
        ("<style>p {x}</style>Hallo", "Hallo"),
        ("<script>if (a<b) {}</script>Hallo", "Hallo"),
        ("a<td>b", "a b"),
        ("R&uuml;ebli &amp; Co", "Rüebli & Co"),
    ],
    ids=["German inline", "comment", "style", "script", "cells", "entities"],
)
def test_what_is_seen_of_a_page_is_what_a_reader_sees(html: str, seen: str) -> None:
    assert page_of(html).text.strip() == seen


def test_a_page_knows_its_tags_and_their_attributes() -> None:
    seen = page(an_exam("Content-Type: text/html\n\n<FONT Color=RED>x</FONT><img src=A>").mail)
    assert (seen.tags["font"], seen.tags["/font"], seen.tags["img"]) == (1, 1, 1)
    assert list(seen.of("font", "img")) == [" color=red", " src=a"]


@pytest.mark.parametrize(
    ("domain", "whole"),
    [("Mail.Firma.CH", "firma.ch"), ("a.b.co.uk", "b.co.uk"), ("x.org.", "x.org"), ("x", "x")],
    ids=["Swiss", "British", "with a dot", "one label"],
)
def test_an_organisation_is_what_a_name_stands_under(domain: str, whole: str) -> None:
    assert site(domain) == whole


@pytest.mark.parametrize(
    "html",
    ["<" * 500_000, "<a " * 200_000, "<!--" * 200_000, "<script>" + "<b>" * 200_000, "&" * 500_000],
    ids=["brackets", "tags", "comments", "in a script", "entities"],
)
def test_a_hostile_page_is_cut_in_linear_time(html: str) -> None:
    mail = an_exam(f"Content-Type: text/html\n\n{html}").mail
    begun = time.process_time()
    whole_text(mail)
    assert time.process_time() - begun < 1.0
