import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from filter.dns import Resolver
from filter.examination import Examiner
from filter.findings import Findings
from filter.reading import find_symbols
from filter.rule import Exam, Rule
from filter.spool import Spool
from filter.verdict import UNEXAMINED, judge
from mailstore.addresses import Address
from mailstore.envelopes import Action, MailClass, Symbol
from mailstore.policies import MANDATORY
from mailstore.sandbox_pool import SandboxPool
from mailstore.settings import Settings
from tests.factories import BOB, a_recipient, some_settings
from tests.filter.background import Background
from tests.filter.exams import STRANGER, an_exam, raw_mail
from tests.filter.names import FakeDNS

MESSAGES = Path(__file__).parents[1] / "messages"
SAMPLES = tomllib.loads(MESSAGES.with_suffix(".toml").read_text())["mail"]
EXPECTED = {
    "deliver": (Action.DELIVER, False),
    "newsletter": (Action.DELIVER, True),
    "quarantine": (Action.QUARANTINE, False),
    "refuse": (Action.REJECT, False),
}
TAKER = a_recipient(mandatory=MANDATORY)
Examine = Callable[..., Findings]
PERSONAL = """
From: Käthe Hug <kaethe@bergpost.example>
Subject: =?utf-8?Q?Gr=C3=BCsse?= aus
 Chur
Message-ID: <1@bergpost.example>
X-Mailhafen-Class: clean

Liebe   Anna,
bis bald!
"""


def examining(background: Background, examiner: Examiner) -> Examine:
    def examine(
        raw: bytes, *, sender: Address | None = BOB, spf: bool = False, bare: bool = False
    ) -> Findings:
        with Spool(None) as spool:
            spool.write(raw)
            spool.bare = bare
            return background.run(examiner.examine(STRANGER, sender, spool, outside=spf))

    return examine


@pytest.fixture
def examine(background: Background, pool: SandboxPool, settings: Settings) -> Examine:
    return examining(background, Examiner(settings, pool, Resolver(settings)))


@pytest.fixture(scope="module")
def hostile(background: Background) -> Iterator[Examine]:
    """Return examination by a lone child whose rules misbehave, with half a second for each."""
    settings = Settings(examine_seconds=0.5)
    with background.within(SandboxPool("tests.filter.hostile", 1)) as pool:
        yield examining(background, Examiner(settings, pool, Resolver(settings)))


def symbols(findings: Findings) -> list[str]:
    return [symbol.name for symbol in findings.symbols]


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample["file"] for sample in SAMPLES])
def test_a_sample_gets_the_verdict_it_should(examine: Examine, sample: dict[str, Any]) -> None:
    raw = b"\r\n".join((MESSAGES / sample["file"]).read_bytes().splitlines()) + b"\r\n"
    sender = Address.parse(sample["sender"]) if sample["sender"] else None
    findings = examine(raw, sender=sender)
    verdict = judge(TAKER, findings.author, findings.symbols)
    newsletter = verdict.mail_class is MailClass.NEWSLETTER
    assert (verdict.action, newsletter) == EXPECTED[sample["expect"]]


def test_every_sample_is_listed_once() -> None:
    listed = sorted(sample["file"] for sample in SAMPLES)
    assert listed == sorted(path.name for path in MESSAGES.glob("*.eml"))


def test_a_summary_says_what_lists_show(examine: Examine) -> None:
    summary = examine(raw_mail(PERSONAL)).summary
    assert summary.author == Address("kaethe", "bergpost.example")
    assert (summary.message_id, summary.attachments) == ("<1@bergpost.example>", 0)
    assert summary.subject.split() == ["Grüsse", "aus", "Chur"]
    assert summary.snippet == "Liebe Anna, bis bald!"
    ((start, end),) = summary.cuts
    assert raw_mail(PERSONAL)[start:end] == b"X-Mailhafen-Class: clean\r\n"


@pytest.mark.parametrize(
    "head",
    ["", "From: a@x.example, b@x.example\n", "From: nobody\n", "From: <\n", "From: a@[\n"],
    ids=["none", "two", "no address", "broken", "broken domain"],
)
def test_a_mail_without_exactly_one_author_has_none(examine: Examine, head: str) -> None:
    assert examine(raw_mail(head + "Subject: x\n\nx\n")).author is None


@how(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(author=st.text(max_size=60), subject=st.binary(max_size=60))
def test_any_header_can_be_examined(examine: Examine, author: str, subject: bytes) -> None:
    head = f"From: {author}\r\nSubject: ".encode() + subject
    assert UNEXAMINED not in symbols(examine(head + b"\r\n\r\ntext\r\n"))


@pytest.mark.parametrize(
    "text",
    [
        "Subject: =?unicode_escape?q?=5Cudcff?=\n\nx\n",
        "From: =?raw_unicode_escape?q?=5Cudcff?= <a@x.example>\n\nx\n",
        "Content-Type: text/plain; charset=unicode_escape\n\n\\udcff\n",
        "Subject: x\n\na\0b\n",
    ],
    ids=["subject", "author", "text", "NUL in the text"],
)
def test_what_lists_show_can_be_stored_in_any_database(examine: Examine, text: str) -> None:
    summary = examine(raw_mail(text)).summary
    shown = summary.subject + summary.author_name + summary.snippet
    assert shown.encode("utf-8", "replace").decode() == shown
    assert "\0" not in shown


def test_raw_utf8_in_a_header_is_read(examine: Examine) -> None:
    assert examine(raw_mail("Subject: Grüezi\n\nx\n")).summary.subject == "Grüezi"


@pytest.mark.parametrize("bare", [True, False])
def test_bare_line_ends_are_noted(examine: Examine, bare: bool) -> None:
    found = examine(b"Subject: x\r\n\r\nx\r\n", bare=bare)
    assert ("BARE_LINE_ENDS" in symbols(found)) is bare


def test_a_child_proves_an_author_by_asking_its_parent_for_names(
    background: Background, pool: SandboxPool, settings: Settings, names: FakeDNS
) -> None:
    names.records["TXT", BOB.domain] = [f'"v=spf1 ip4:{STRANGER.ip} -all"']
    known = settings.model_copy(update={"dns_servers": f"127.0.0.1:{names.port}"})
    examine = examining(background, Examiner(known, pool, Resolver(known)))
    found = examine(raw_mail(f"From: {BOB}\n\nx\n"), spf=True)
    assert found.lines == (
        f"spf=pass smtp.mailfrom={BOB}",
        f"dmarc=none header.from={BOB.domain}",
    )
    assert "AUTHENTICATED" in symbols(found)


def test_a_rule_that_breaks_says_so_and_the_others_go_on(hostile: Examine) -> None:
    found = hostile(raw_mail("X-Break: yes\nList-Id: <a>\nPrecedence: bulk\n\nx\n"))
    assert Symbol("RULE_BROKEN", "BREAKS: KeyError") in found.symbols
    assert {"BREAKS", "NEWSLETTER", "MISSING_DATE"} <= set(symbols(found))


def test_a_broken_rule_cannot_hold_mail() -> None:
    def find(exam: Exam) -> Iterator[Symbol]:
        raise RecursionError

    broken = Rule("A", 99.0, "It breaks.", __name__, "", find)
    found = find_symbols(an_exam("Date: x\n\nx\n"), [broken])
    assert [symbol.name for symbol in found] == ["RULE_BROKEN"]
    assert judge(TAKER, BOB, found).score == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"X-Spin: yes\r\n\r\nx\r\n",
        b"".join(b"X-%d: x\r\n" % number for number in range(200_000)) + b"\r\n",
    ],
    ids=["a rule", "the parser"],
)
def test_a_mail_that_spins_is_held_and_the_next_is_examined(hostile: Examine, raw: bytes) -> None:
    found = hostile(raw)
    verdict = judge(a_recipient(allowed=frozenset({BOB.key})), BOB, found.symbols)
    assert (symbols(found), verdict.action) == ([UNEXAMINED], Action.QUARANTINE)
    assert UNEXAMINED not in symbols(hostile(b"Date: x\r\n\r\nx\r\n"))


def nested(depth: int) -> str:
    return "".join(
        f"Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"
        for level in range(depth)
    )


@pytest.mark.parametrize(
    "text",
    [
        nested(60) + "\nx\n",
        "Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n\nx\n" * 1100,
        "Content-Type: message/rfc822\n\n" * 1000 + "Subject: x\n\nx\n",
    ],
    ids=["deep", "many parts", "forwarded a thousand times"],
)
def test_a_mail_too_complex_for_anybody_is_held(examine: Examine, text: str) -> None:
    found = examine(raw_mail(text))
    assert symbols(found) == [UNEXAMINED]
    assert judge(TAKER, found.author, found.symbols).action is Action.QUARANTINE


def test_a_mail_too_complex_for_anybody_still_loses_what_claims_to_be_ours(
    examine: Examine,
) -> None:
    forged = f"Authentication-Results: {some_settings(Path()).hostname}; spf=pass\n"
    found = examine(raw_mail(forged + nested(60) + "\nx\n"))
    assert found.summary.cuts == ((0, len(forged) + 1),)


def test_a_mail_as_complex_as_people_send_is_examined(examine: Examine) -> None:
    assert UNEXAMINED not in symbols(examine(raw_mail(nested(20) + "\nx\n")))
