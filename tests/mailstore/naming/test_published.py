from datetime import date, timedelta

import pytest

from mailstore.naming import published
from mailstore.naming.faults import Fault, Grade
from mailstore.naming.findings import Finding
from mailstore.naming.steps import Stage, Step, grade_of
from mailstore.naming.troubles import TROUBLES, Trouble
from mailstore.sending.stspolicies import Mode, Wish

HERE, HOSTS = "muster.example", ["mx1.mailhafen.test", "mx2.mailhafen.test"]
DAY = date(2026, 11, 24)


def faults(found: Finding) -> list[Fault]:
    return [each.fault for each in found.said]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([(10, "mx1.mailhafen.test"), (20, "MX2.mailhafen.test.")], []),
        (None, [Fault.UNANSWERED]),
        ([], [Fault.MX_NONE]),
        ([(0, ".")], [Fault.MX_NULL]),
        ([(10, "mail.old.example")], [Fault.MX_ELSEWHERE]),
        ([(10, "mx1.mailhafen.test"), (90, "mail.old.example")], [Fault.MX_MIXED]),
    ],
    ids=["ours", "silent", "none", "null", "elsewhere", "around us"],
)
def test_where_mail_goes_is_compared(found: published.Mx, expected: list[Fault]) -> None:
    finding = published.mx(HERE, HOSTS, found)
    assert faults(finding) == expected
    assert finding.wanted == ("10 mx1.mailhafen.test.", "10 mx2.mailhafen.test.")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["v=DMARC1; p=reject; rua=mailto:d@muster.example"], []),
        (["other", "V=DMARC1;p=Quarantine;rua=mailto:d@x.example"], []),
        (None, [Fault.UNANSWERED]),
        ([], [Fault.DMARC_NONE]),
        (["v=DMARC1; p=none", "v=DMARC1; p=none"], [Fault.DMARC_SEVERAL]),
        (["v=DMARC1; p=none; rua=mailto:d@x.example"], [Fault.DMARC_WATCHES]),
        (["v=DMARC1; p=reject"], [Fault.DMARC_NO_REPORTS]),
        (["v=DMARC1; p=sometimes; rua=mailto:d@x.example"], [Fault.DMARC_BROKEN]),
    ],
)
def test_what_is_said_of_forged_mail_is_read(
    texts: list[str] | None, expected: list[Fault]
) -> None:
    assert faults(published.dmarc(HERE, texts)) == expected


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        ([], [Fault.DMARC_NONE]),
        (["v=DMARC1; p=none; sp=reject; rua=mailto:d@x.example"], [Fault.DMARC_ABOVE]),
        (["v=DMARC1; p=reject; sp=none; rua=mailto:d@x.example"],
         [Fault.DMARC_ABOVE, Fault.DMARC_WATCHES]),
        (["v=DMARC1; p=none", "v=DMARC1; p=none"], [Fault.DMARC_NONE]),
        (None, [Fault.UNANSWERED]),
    ],
    ids=["none", "for those below", "watches below", "several", "silent"],
)  # fmt: skip
def test_where_a_domain_says_nothing_what_stands_above_it_counts(
    above: list[str] | None, expected: list[Fault]
) -> None:
    tree = {"muster.example": above, "example": []}
    found = published.dmarc("mail.muster.example", [], tree)
    assert faults(found) == expected
    assert (found.wanted == ()) is (expected != [Fault.DMARC_NONE])
    own = ["v=DMARC1; p=reject; rua=mailto:d@x.example"]
    assert faults(published.dmarc("mail.muster.example", own, tree)) == []


def policy(*patterns: str, mode: Mode = Mode.ENFORCE) -> Wish:
    return Wish(mode, patterns, timedelta(days=7))


@pytest.mark.parametrize(
    ("texts", "wish", "expected"),
    [
        (["v=STSv1; id=1"], policy("*.mailhafen.test"), []),
        (["v=STSv1; id=1"], policy("mail.old.example", mode=Mode.NONE), []),
        ([], None, [Fault.STS_NONE]),
        (None, None, [Fault.UNANSWERED]),
        (["v=STSv1; id=a-b"], policy("*.mailhafen.test"), [Fault.STS_BROKEN]),
        (["v=STSv1; id=1"], "HTTP 404", [Fault.STS_UNREADABLE]),
        (["v=STSv1; id=1"], policy("mx1.mailhafen.test"), [Fault.STS_OTHER_SERVERS]),
    ],
    ids=["ours", "given up", "none", "silent", "broken", "no file", "not all"],
)
def test_what_a_domain_asks_of_senders_must_name_our_servers(
    texts: list[str] | None, wish: Wish | str | None, expected: list[Fault]
) -> None:
    found = published.sts(HERE, HOSTS, texts, wish, DAY)
    assert faults(found) == expected
    assert found.wanted == ("v=STSv1; id=20261124",)
    assert "mx: mx2.mailhafen.test\n" in found.file or texts is None


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["v=TLSRPTv1; rua=mailto:t@x.example"], []),
        ([], [Fault.TLS_RPT_NONE]),
        (["v=TLSRPTv1;"], [Fault.TLS_RPT_BROKEN]),
        (["v=TLSRPTv1; rua=a", "v=TLSRPTv1; rua=b"], [Fault.TLS_RPT_BROKEN]),
    ],
)
def test_where_failures_are_reported_is_read(texts: list[str], expected: list[Fault]) -> None:
    assert faults(published.tls_rpt(HERE, texts)) == expected


def test_the_gravest_finding_counts() -> None:
    assert published.dmarc(HERE, ["v=DMARC1; p=no"]).grade is Grade.WRONG
    steps = [Step(Stage.CONNECT, "x"), Step(Stage.TLS, "x", Trouble.NO_TLS, "", 3, {"a": "b"})]
    assert grade_of(steps) is Grade.ADVICE
    assert [Step.unpacked(each.packed()) for each in steps] == steps
    assert TROUBLES.keys() == set(Trouble)
