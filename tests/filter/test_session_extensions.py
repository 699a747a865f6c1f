import re

import pytest

from filter import reply
from filter.xclient import OFFER
from tests.factories import ANNA, BEAT, RAW
from tests.filter.conftest import MakeRelay
from tests.filter.relay import Relay

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

# RFC 2034 §4 and RFC 3463 §2: the class is that of the reply.
WITH_CODE = re.compile(r"([245])\d\d \1\.\d{1,3}\.\d{1,3} .+")
UMLAUT = "Subject: =?utf-8?q?x?=\r\n\r\nGrüezi\r\n".encode()
MAIL = "MAIL FROM:<bob@there.example>"
RCPT = f"RCPT TO:<{ANNA}>"


def keywords(hello: str) -> list[str]:
    """Return what is offered, in order."""
    return [line[4:] for line in hello.split("\r\n")[1:]]


def test_what_is_offered_is_what_these_tests_are_about(
    a_relay: MakeRelay, tmp_path: object
) -> None:
    relay = a_relay(max_message_bytes=100_000, trusted_peers="192.0.2.1")
    with relay.talk() as talk:
        assert sorted(keywords(talk.hello)) == [
            "8BITMIME", "ENHANCEDSTATUSCODES", "HELP", "PIPELINING", "SIZE 100000", "SMTPUTF8",
        ]  # fmt: skip


def test_a_reply_to_ehlo_is_one_of_many_lines(relay: Relay) -> None:
    with relay.talk() as talk:
        lines = talk.hello.split("\r\n")
    assert {line[:4] for line in lines[:-1]} == {"250-"}
    assert lines[-1][:4] == "250 "
    assert lines[0] == "250-mx.mailhafen.test"


# PIPELINING (RFC 2920)


def test_many_commands_in_one_segment_are_answered_in_order(relay: Relay) -> None:
    lines = [MAIL, RCPT, "NOOP", "NONSENSE", f"RCPT TO:<{BEAT}>", "RCPT TO:<x@foreign.example>"]
    with relay.talk() as talk:
        talk.send("".join(f"{line}\r\n" for line in [*lines, "RSET"] * 50).encode())
        heard = [talk.hear()[:3] for _ in range(350)]
    assert heard == ["250", "250", "250", "500", "250", "550", "250"] * 50


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_it_does_not_matter_how_commands_are_cut(relay: Relay, size: int) -> None:
    said = f"{MAIL}\r\n{RCPT}\r\nDATA\r\n".encode()
    with relay.talk() as talk:
        for at in range(0, len(said), size):
            talk.send(said[at : at + size])
        assert [talk.hear()[:3] for _ in range(3)] == ["250", "250", "354"]
        for at in range(0, len(RAW), size):
            talk.send(RAW[at : at + size])
        talk.send(b".\r\nQUIT\r\n")
        assert talk.hear().startswith("250")
        assert talk.hear() == reply.BYE
    assert relay.contents() == [RAW]


def test_a_transaction_may_follow_a_mail_in_one_segment(relay: Relay) -> None:
    with relay.talk() as talk:
        talk.begin(ANNA)
        for _ in range(20):
            talk.send(RAW + f".\r\n{MAIL}\r\n{RCPT}\r\nDATA\r\n".encode())
            assert [talk.hear()[:3] for _ in range(4)] == ["250", "250", "250", "354"]
        talk.send(b"\r\n.\r\n")
        assert talk.hear().startswith("250")
    assert len(relay.messages()) == 21


# 8BITMIME (RFC 6152) and SMTPUTF8 (RFC 6531)


@pytest.mark.parametrize("body", ["7BIT", "8BITMIME", "8bitmime"])
def test_a_mail_of_eight_bits_comes_as_it_is(relay: Relay, body: str) -> None:
    with relay.talk() as talk:
        assert talk.say(f"{MAIL} BODY={body}") == reply.OK_SENDER
        assert talk.say(RCPT) == reply.OK_RECIPIENT
        talk.say("DATA")
        talk.send(UMLAUT + b".\r\n")
        assert talk.hear().startswith("250")
    assert relay.contents() == [UMLAUT]


def test_addresses_may_be_written_in_utf_8(relay: Relay) -> None:
    with relay.talk() as talk:
        assert talk.say("MAIL FROM:<bärbel@there.example> SMTPUTF8 BODY=8BITMIME").startswith("250")
        assert talk.say(RCPT) == reply.OK_RECIPIENT
        talk.say("DATA")
        talk.send(UMLAUT + b".\r\n")
        assert talk.hear().startswith("250")
    assert relay.messages()[0][0].sender == "bärbel@there.example"


# SIZE (RFC 1870)


@pytest.mark.parametrize(
    ("size", "code"),
    [("0", "250"), ("100000", "250"), ("100001", "552"), ("9" * 19, "552"), ("-1", "501"),
     ("", "501"), ("x", "501"), ("1.5", "501"), ("9" * 500, "552"), ("\u0661", "501"),
     ("9" * 1900, "552"), ("²", "501")],
    ids=["none", "most", "one more", "very much", "negative", "empty", "letter", "fraction",
         "endless", "Arabic digit", "as long as a line", "superscript"],
)  # fmt: skip
def test_a_size_that_is_said_is_checked(a_relay: MakeRelay, size: str, code: str) -> None:
    with a_relay(max_message_bytes=100_000).talk() as talk:
        assert talk.say(f"{MAIL} SIZE={size}").startswith(code)
        assert talk.say(MAIL).startswith("503" if code == "250" else "250")


@pytest.mark.parametrize("said", [" SIZE=10", ""])
def test_a_mail_that_is_larger_than_it_said_leaves_nothing(a_relay: MakeRelay, said: str) -> None:
    relay = a_relay(max_message_bytes=100_000)
    with relay.talk() as talk:
        talk.say(MAIL + said)
        talk.say(RCPT)
        talk.say("DATA")
        talk.send(b"NOOP\r\n" * 200_000 + b".\r\n")
        assert talk.hear() == reply.TOO_LARGE
        assert talk.say("NOOP") == reply.OK
        assert relay.messages() == []
        assert talk.mail(RAW, ANNA).startswith("250")
    assert list(relay.store.settings.spool_folder.iterdir()) == []


# ENHANCEDSTATUSCODES (RFC 2034)

ANSWERED = {
    "MAIL": [MAIL],
    "RCPT": [MAIL, RCPT],
    "RSET": ["RSET"],
    "NOOP": ["NOOP"],
    "QUIT": ["QUIT"],
    "VRFY": ["VRFY anna"],
    "HELP": ["HELP"],
    "unknown": ["NONSENSE"],
    "nothing": [""],
    "too long": ["NOOP " + "x" * 3000],
    "no text": ["NO\0OP"],
    "EHLO alone": ["EHLO"],
    "HELO alone": ["HELO"],
    "MAIL alone": ["MAIL"],
    "MAIL TO": ["MAIL TO:<x>"],
    "MAIL twice": [MAIL, MAIL],
    "bad sender": ["MAIL FROM:<bob>"],
    "no address": ["MAIL FROM:<bob"],
    "nothing as a sender": ["MAIL FROM:"],
    "bad option": [f"{MAIL} COLOUR=red"],
    "bad syntax of an option": [f"{MAIL} ="],
    "bad body": [f"{MAIL} BODY=9BIT"],
    "bad UTF-8 option": [f"{MAIL} SMTPUTF8=1"],
    "bad size": [f"{MAIL} SIZE=x"],
    "too large": [f"{MAIL} SIZE={10**12}"],
    "RCPT first": [RCPT],
    "RCPT alone": [MAIL, "RCPT"],
    "RCPT FROM": [MAIL, "RCPT FROM:<x>"],
    "no such mailbox": [MAIL, "RCPT TO:<x@muster.example>"],
    "foreign": [MAIL, "RCPT TO:<x@foreign.example>"],
    "bad recipient": [MAIL, "RCPT TO:<anna"],
    "RCPT option": [MAIL, f"{RCPT} NOTIFY=NEVER"],
    "DATA first": ["DATA"],
    "DATA with words": [MAIL, RCPT, "DATA now"],
    "RSET with words": ["RSET now"],
    "QUIT with words": ["QUIT now"],
    "VRFY alone": ["VRFY"],
    "VRFY of no address": ["VRFY <"],
    "STARTTLS": ["STARTTLS"],
    "AUTH": ["AUTH PLAIN AGEAYg=="],
    "BDAT": ["BDAT 1 LAST"],
    "XCLIENT": ["XCLIENT x"],
    "EXPN": ["EXPN all"],
    "ETRN": ["ETRN muster.example"],
}


@pytest.mark.parametrize("lines", ANSWERED.values(), ids=ANSWERED)
def test_every_reply_has_an_enhanced_code(asked_relay: Relay, lines: list[str]) -> None:
    with asked_relay.talk() as talk:
        answers = [talk.say(line) for line in lines]
    assert WITH_CODE.fullmatch(answers[-1]), answers


@pytest.mark.parametrize("line", [MAIL, RCPT, "DATA", "VRFY anna"])
def test_who_does_not_greet_first_is_told_so_with_a_code(asked_relay: Relay, line: str) -> None:
    with asked_relay.talk("") as talk:
        assert WITH_CODE.fullmatch(talk.say(line))


@pytest.mark.parametrize(
    "line",
    [b"EXPN \xff", b"HELP \xff", b"RSET \xff", b"MAIL FROM:<x@y.example> \xff=\xff",
     b"MAIL FROM:<\xff@y.example>", b"MAIL FROM:<x@\xff.example>", b"MAIL \xff", b"XCLIENT \xff",
     "MAIL FROM:<x@y.example> BODY=7BIT SIZE=²".encode(), b"MAIL FROM:<x@y.example> SIZE=\xb2"],
)  # fmt: skip
def test_no_text_of_another_charset_is_our_failure(asked_relay: Relay, line: bytes) -> None:
    with asked_relay.talk() as talk:
        assert talk.say(line)[:1] in {"2", "5"}
        assert talk.say("RSET") == reply.OK


def test_greetings_have_no_enhanced_code(asked_relay: Relay) -> None:
    with asked_relay.talk() as talk:
        assert talk.greeting == "220 mx.mailhafen.test ESMTP Mailhafen"
        assert talk.say("HELO x") == "250 mx.mailhafen.test"


# What is not offered

REFUSED: dict[str, tuple[str, str]] = {
    "AUTH": ("AUTH PLAIN AGEAYg==", reply.NOT_OFFERED),
    "AUTH alone": ("AUTH", reply.NOT_OFFERED),
    "BDAT": ("BDAT 6 LAST", reply.NOT_OFFERED),
    "VRFY": ("VRFY anna@muster.example", reply.CANNOT_VERIFY),
    "VRFY of a stranger": ("VRFY x@foreign.example", reply.CANNOT_VERIFY),
    "EXPN": ("EXPN all", "502 5.5.1 EXPN not implemented"),
    "ETRN": ("ETRN muster.example", reply.UNKNOWN_COMMAND),
    "TURN": ("TURN", reply.UNKNOWN_COMMAND),
    "SEND": ("SEND FROM:<bob@there.example>", reply.UNKNOWN_COMMAND),
    "HELP": ("HELP", reply.HELP),
    "HELP DATA": ("HELP DATA", reply.HELP),
}


@pytest.mark.parametrize(("line", "answer"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_offered_changes_nothing(relay: Relay, line: str, answer: str) -> None:
    with relay.talk() as talk:
        assert talk.say(line) == answer
        talk.say(MAIL)
        assert talk.say(line) == answer
        talk.say(RCPT)
        assert talk.say(line) == answer
        talk.say("DATA")
        talk.send(RAW + b".\r\n")
        assert talk.hear().startswith("250")
    assert relay.contents() == [RAW]


def test_only_listed_peers_are_offered_more(relay: Relay) -> None:
    with relay.talk() as talk:
        assert [each for each in keywords(talk.hello) if each.startswith("XCLIENT")] == [OFFER]


@pytest.mark.parametrize(
    "argument",
    [b"anna@muster.example", b"<\x8d\xff <", b"<\x1b[31m <", b"x" * 900, b""],
    ids=["address", "no UTF-8", "escape", "long", "nothing"],
)
def test_a_question_who_has_a_mailbox_gives_nothing_back(relay: Relay, argument: bytes) -> None:
    with relay.talk() as talk:
        assert talk.say(b"VRFY " + argument) == reply.CANNOT_VERIFY
