import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter.bounce import LONGEST_REPLY, written
from mailstore.deliveries import State
from tests.factories import ANNA, BOB
from tests.filter.bounces import HEAD, HOST, a_case, failures, read, told_in

WORDS = {
    "de": ("Nicht zugestellt: Plans", "konnte nicht zugestellt werden"),
    "fr": ("Non remis : Plans", "n'a pas pu être remis"),
    "it": ("Non consegnato: Plans", "non è stato consegnato"),
    "en": ("Not delivered: Plans", "could not be delivered"),
}
ENGLISH = WORDS["en"][1]
LONG = "x" * 2000
HOSTILE = {
    "header lines": "one\r\nBcc: all@there.example\r\n\r\ntwo",
    "long": LONG,
    "long and wide": "🦊" * 500,
    "encoded words": "=?utf-8?q?a=0D=0ABcc=3A_all=40there.example?=",
    "eight bits": "Pläne für Zürich",
    "controls": "a\0b\x1b[2Jc\x7fd\x85e\u2028f",
    "turned": "gpj.\u202eexe",
    "templates": "{reply} {0} %s %(name)s",
    "a boundary": "--===============1==\r\n\r\n--",
    "nothing": "",
}
HEADS = {
    "eight bits": (b"Subject: Pl\xe4ne \xf0\x9f\x98\x80\r\n", "Subject: Pl?ne ????\n"),
    "a line too long": (b"X: " + b"x" * 5000 + b"\r\n", "X: " + "x" * 995 + "\n"),
    "controls": (b"Subject: a\0b\x1b[2J\x7f\r\n", "Subject: a?b?[2J?\n"),
    "folded": (b"Subject: a\r\n\tb\r\nTo: c\r\n", "Subject: a\n\tb\nTo: c\n"),
    "a body without an empty line": (b"To: c\r\nShall we meet?\r\nX: y\r\n", "To: c\n"),
    "a blank before the colon": (b"Subject : a\r\n", "Subject : a\n"),
    "no header": (b"Shall we meet?\r\n", ""),
    "nothing": (b"", ""),
}
ANYTHING = st.text(st.characters(codec="utf-8"), max_size=200)


def test_two_parsers_read_which_address_failed() -> None:
    raw = written(a_case(), HOST)
    assert read(raw).each["Final-Recipient"] == f"rfc822; {ANNA}"
    assert failures(raw) == (set(), {ANNA.encode()})


def test_two_parsers_read_which_address_only_waits() -> None:
    raw = written(a_case(state=State.QUEUED, reply="451 4.7.1 later"), HOST)
    found = read(raw)
    assert (found.each["Action"], found.each["Status"]) == ("delayed", "4.7.1")
    assert found.each["Will-Retry-Until"] == "Sun, 29 Nov 2026 12:00:00 +0000"
    assert "29.11.2026 13:00" in found.text
    assert failures(raw) == ({ANNA.encode()}, set())


def test_the_status_says_who_reports_what_of_whom() -> None:
    found = told_in()
    assert dict(found.whole.items()) == {
        "Reporting-MTA": f"dns; {HOST}", "Arrival-Date": "Tue, 24 Nov 2026 12:00:00 +0000",
    }  # fmt: skip
    assert dict(found.each.items()) | {"Last-Attempt-Date": ""} == {
        "Final-Recipient": f"rfc822; {ANNA}", "Action": "failed", "Status": "5.1.1",
        "Remote-MTA": "dns; mail.muster.example", "Last-Attempt-Date": "",
        "Diagnostic-Code": "smtp; 550 5.1.1 nobody here",
    }  # fmt: skip


def test_a_bounce_is_from_the_postmaster_to_the_sender_and_no_program_answers_it() -> None:
    mail = told_in().mail
    (author,), (to,) = mail["From"].addresses, mail["To"].addresses
    assert (author.display_name, author.addr_spec) == ("Muster AG", "postmaster@muster.example")
    assert to.addr_spec == str(BOB)
    assert (mail["Auto-Submitted"], mail["References"]) == ("auto-replied", "<1@there.example>")
    assert mail["Message-ID"].endswith(f"@{HOST}>")
    assert mail["Date"].datetime


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ("550 5.1.1 nobody", "5.1.1"),
        ("552-5.3.4 too large\n552 5.3.4 by far", "5.3.4"),
        ("554 no", "5.0.0"),
        ("550 5.1.1234 nobody", "5.0.0"),
        ("550 see 5.1.1", "5.0.0"),
        ("451 4.7.1 later", "4.4.7"),
        ("the connection broke", "4.4.7"),
        ("", "4.4.7"),
    ],
    ids=["enhanced", "lines", "plain", "no code", "elsewhere", "over", "broke", "silent"],
)
def test_the_status_is_the_other_servers_or_that_time_is_over(reply: str, status: str) -> None:
    assert told_in(reply=reply).each["Status"] == status


@pytest.mark.parametrize(
    ("reply", "status"), [("451 later", "4.0.0"), ("", "4.0.0")], ids=["plain", "silent"]
)
def test_mail_that_waits_has_no_status_of_failure(reply: str, status: str) -> None:
    assert told_in(state=State.QUEUED, reply=reply).each["Status"] == status


@pytest.mark.parametrize("language", WORDS)
def test_a_bounce_speaks_the_tenants_language_and_english(language: str) -> None:
    subject, sentence = WORDS[language]
    found = told_in(language=language)
    assert found.mail["Subject"] == subject
    assert sentence in found.text
    assert found.text.count(ENGLISH) == 1
    for said in (ANNA, "Plans", "550 5.1.1 nobody here"):
        assert found.text.count(said) == len({language, "en"})


@pytest.mark.parametrize("language", WORDS)
def test_a_notice_of_delay_speaks_the_tenants_language_and_english(language: str) -> None:
    found = told_in(language=language, state=State.QUEUED, reply="")
    assert found.text.count("29.11.2026 13:00") == len({language, "en"})
    assert found.text.count("Your message still waits") == 1
    assert found.mail["Subject"] not in {subject for subject, _ in WORDS.values()}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_subject_is_one_line(text: str) -> None:
    found = told_in(subject=text)
    assert "Bcc" not in found.mail
    assert len(found.mail["Subject"].splitlines()) == 1
    assert len([line for line in found.text.splitlines() if line.startswith("Betreff: ")]) == 1
    assert not set("\0\x1b\x7f\x85\u2028\u202e") & set(found.text)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_reply_is_one_short_line_of_ascii(text: str) -> None:
    raw = written(a_case(reply=f"550 5.7.1 {text}"), HOST)
    found = read(raw)
    (said,) = re.findall(r"(?m)^Diagnostic-Code: smtp; (.*)\r$", raw.decode("ascii"))
    assert list(found.each) == [
        "Final-Recipient", "Action", "Status", "Remote-MTA", "Diagnostic-Code", "Last-Attempt-Date",
    ]  # fmt: skip
    assert said.startswith("550 5.7.1")
    assert said.isascii()
    assert said.isprintable()
    assert len(said) <= LONGEST_REPLY
    assert f"Grund: {said}\n" in found.text


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_tenant_name_is_only_a_name(text: str) -> None:
    mail = told_in(tenant=text).mail
    (author,) = mail["From"].addresses
    assert author.addr_spec == "postmaster@muster.example"
    assert "Bcc" not in mail


@pytest.mark.parametrize(
    "message_id",
    ["", "<a@b", "<a b@c>", "<ä@b.example>", f"<{LONG}@b.example>", "<a@b>\r\nBcc: c@d.example"],
    ids=["none", "open", "two words", "eight bits", "long", "header lines"],
)
def test_what_is_no_message_id_is_not_referred_to(message_id: str) -> None:
    mail = told_in(message_id=message_id).mail
    assert "References" not in mail
    assert "Bcc" not in mail


def test_a_long_message_id_is_referred_to_as_it_is() -> None:
    message_id = f"<{'DB9PR04MB8411' * 9}@eurprd04.prod.outlook.example>"
    assert f"References: {message_id}\r\n".encode() in written(a_case(message_id=message_id), HOST)


@pytest.mark.parametrize("local", ["a" * 64, '"a b"', "a+b=c/d"], ids=["long", "quoted", "signs"])
def test_a_recipient_is_named_as_it_was_written(local: str) -> None:
    address = f"{local}@{'muster.' * 20}example"
    raw = written(a_case(recipient=address), HOST)
    assert f"Final-Recipient: rfc822; {address}\r\n".encode() in raw
    read(raw)


@pytest.mark.parametrize(
    ("address", "escaped"),
    [
        ("jürg@muster.example", r"j\x{FC}rg@muster.example"),
        ("anna@müller.example", r"anna@m\x{FC}ller.example"),
        ("🦊+x=y@muster.example", r"\x{1F98A}\x{2B}x\x{3D}y@muster.example"),
    ],
    ids=["local part", "domain", "signs that escape"],
)
def test_a_recipient_beyond_ascii_is_escaped_in_the_status(address: str, escaped: str) -> None:
    """RFC 6533 §3: in a status of seven bits it is utf-8-addr-xtext."""
    found = told_in(recipient=address)
    assert found.each["Final-Recipient"] == f"utf-8; {escaped}"
    assert found.text.count(address) == 2


@pytest.mark.parametrize("sender", ["jürg@there.example", "bob@zürich.example"])
def test_a_sender_beyond_ascii_is_written_as_it_is(sender: str) -> None:
    raw = written(a_case(sender=sender), HOST)
    assert f"To: {sender}\r\n".encode() in raw
    assert read(raw).mail["To"] == sender


def test_a_bounce_about_a_domain_beyond_ascii_is_written() -> None:
    raw = written(a_case(domain="müller.example", tenant="Müller & Söhne, Zürich"), HOST)
    (author,) = read(raw).mail["From"].addresses
    assert str(author) == '"Müller & Söhne, Zürich" <postmaster@müller.example>'


def test_the_header_comes_back_and_none_of_the_content() -> None:
    raw = written(a_case(), HOST)
    assert read(raw).head == HEAD.decode().replace("\r\n", "\n")
    assert b"Shall we meet" not in raw


@pytest.mark.parametrize(("head", "shown"), HEADS.values(), ids=HEADS)
def test_a_broken_header_comes_back_as_any_server_takes_it(head: bytes, shown: str) -> None:
    raw = written(a_case(head=head), HOST)
    assert read(raw).head == shown
    assert raw.isascii()


@given(subject=ANYTHING, reply=ANYTHING, tenant=ANYTHING, message_id=ANYTHING,
       head=st.binary(max_size=200))  # fmt: skip
def test_whatever_others_wrote_a_bounce_can_be_read(
    subject: str, reply: str, tenant: str, message_id: str, head: bytes
) -> None:
    found = told_in(subject=subject, reply=reply, tenant=tenant, message_id=message_id, head=head)
    assert found.mail["To"] == str(BOB)


def test_no_server_is_named_where_none_was_asked() -> None:
    case = a_case(reply="550 5.1.1 No such mailbox here")
    case.delivery.attempts = 0
    assert "Remote-MTA" not in read(written(case, HOST)).each
