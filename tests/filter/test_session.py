import pytest

from filter import reply
from tests.factories import ANNA, BEAT, RAW
from tests.filter.conftest import MakeRelay
from tests.filter.relay import CARLA, CountingPacks, Relay
from tests.filter.talk import TERMINATORS

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

SMUGGLED = (
    b"MAIL FROM:<eve@evil.example>\r\nRCPT TO:<anna@muster.example>\r\n"
    b"DATA\r\nSubject: smuggled\r\n\r\nx\r\n"
)
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def test_a_clean_mail_is_stored_as_it_came(relay: Relay) -> None:
    with relay.talk() as talk:
        answer = talk.mail(RAW, ANNA)
    ((message, content),) = relay.messages()
    assert answer == f"250 2.6.0 Taken as {message.public_id}"
    assert content == RAW
    assert (message.sender, message.helo) == ("bob@there.example", "client.example")


@pytest.mark.parametrize("end", TERMINATORS.values(), ids=TERMINATORS)
def test_only_crlf_dot_crlf_ends_a_mail(relay: Relay, end: bytes) -> None:
    with relay.talk() as talk:
        answer = talk.mail(b"Subject: one\r\n\r\nx" + end + SMUGGLED, ANNA)
        assert talk.say("NOOP") == reply.OK
    assert answer.startswith("250")
    (content,) = relay.contents()
    assert b"Subject: smuggled" in content
    assert content.count(b"\n") == content.count(b"\r") == content.count(b"\r\n")


@pytest.mark.parametrize(
    "error",
    [KeyError("SELECT /var/lib"), OSError(5, "I/O error in /var/lib"), RuntimeError("x")],
    ids=["bug", "broken disk", "anything"],
)
def test_what_nobody_planned_is_temporary_and_gives_nothing_away(
    relay: Relay, error: Exception
) -> None:
    relay.store.packs = broken = CountingPacks(relay.store.packs, error)
    with relay.talk() as talk:
        assert talk.mail(RAW, ANNA) == "451 4.3.0 Temporary failure, please try again later"
        assert relay.messages() == []
        broken.error = None
        assert talk.mail(RAW, ANNA).startswith("250")
    assert relay.contents() == [RAW]


def test_rows_that_cannot_be_written_are_temporary_too(relay: Relay) -> None:
    with relay.store.write() as db:
        db.connection().exec_driver_sql("ALTER TABLE figures RENAME TO away")
    with relay.talk() as talk:
        assert talk.mail(RAW, ANNA) == reply.TRY_LATER
    assert relay.messages() == []


def test_a_mail_over_the_limit_is_refused_and_the_session_goes_on(a_relay: MakeRelay) -> None:
    relay = a_relay(max_message_bytes=100_000)
    with relay.talk() as talk:
        assert talk.mail(b"x\r\n" * 1_000_000, ANNA) == "552 5.3.4 Message too large"
        assert talk.mail(RAW, ANNA).startswith("250")
    assert relay.contents() == [RAW]


def test_a_mail_just_within_the_limit_is_taken(a_relay: MakeRelay) -> None:
    relay = a_relay(max_message_bytes=100_000)
    with relay.talk() as talk:
        assert talk.mail(b"x" * 99_998 + b"\r\n", ANNA).startswith("250")
        assert talk.mail(b"x" * 99_999 + b"\r\n", ANNA) == reply.TOO_LARGE


def test_a_size_over_the_limit_is_refused_at_once(a_relay: MakeRelay) -> None:
    with a_relay(max_message_bytes=100_000).talk() as talk:
        assert "250-SIZE 100000" in talk.hello
        assert talk.say("MAIL FROM:<bob@there.example> SIZE=100001").startswith("552")
        assert talk.say("MAIL FROM:<bob@there.example> SIZE=100000").startswith("250")


def test_recipients_over_the_limit_wait_and_the_others_get_the_mail(a_relay: MakeRelay) -> None:
    relay = a_relay(max_recipients=100)
    with relay.talk() as talk:
        talk.say("MAIL FROM:<bob@there.example>")
        answers = [talk.say(f"RCPT TO:<anna+{number}@muster.example>") for number in range(102)]
        assert answers == [reply.OK_RECIPIENT] * 100 + [reply.TOO_MANY_RECIPIENTS] * 2
        talk.say("DATA")
        talk.send(RAW + b".\r\n")
        assert talk.hear().startswith("250")
    assert len(relay.deliveries()) == 100
    assert len(relay.messages()) == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (RAW, "250"),
        (b"Subject: x\r\n\r\n" + EICAR + b"\r\n", "550"),
        (b"x\r\n" * 40_000, "552"),
    ],
    ids=["taken", "refused", "too large"],
)
def test_after_every_reply_to_data_the_envelope_is_new(
    a_relay: MakeRelay, data: bytes, code: str
) -> None:
    with a_relay(max_message_bytes=100_000).talk() as talk:
        assert talk.mail(data, ANNA).startswith(code)
        assert talk.say("DATA").startswith("503")
        assert talk.say(f"RCPT TO:<{ANNA}>").startswith("503")
        assert talk.mail(RAW, BEAT).startswith("250")


def test_after_a_temporary_failure_the_envelope_is_new(relay: Relay) -> None:
    relay.store.packs = CountingPacks(relay.store.packs, KeyError("x"))
    with relay.talk() as talk:
        assert talk.mail(RAW, ANNA, CARLA).startswith("451")
        assert talk.say("DATA").startswith("503")
        assert talk.say(f"RCPT TO:<{ANNA}>").startswith("503")


@pytest.mark.parametrize("length", [998, 1000, 2000, 10_000, 60_000, 65_536, 200_000])
def test_a_line_may_be_long(relay: Relay, length: int) -> None:
    mail = b"Subject: x\r\n\r\n" + b"x" * length + b"\r\nend\r\n"
    with relay.talk() as talk:
        assert talk.mail(mail, ANNA).startswith("250")
    assert relay.contents() == [mail]


def test_nul_and_8_bit_are_kept(relay: Relay) -> None:
    mail = b"Subject: \xff\0\x80 x\r\nX-\xe4: \0\r\n\r\n\0\xff\x1b[31m\r\n"
    with relay.talk() as talk:
        assert talk.mail(mail, ANNA).startswith("250")
    assert relay.contents() == [mail]


@pytest.mark.parametrize("mail", [b"", b"\r\n", b".." + b"\r\n", b"Subject: x\r\n"])
def test_the_smallest_mails_are_mails(relay: Relay, mail: bytes) -> None:
    with relay.talk() as talk:
        assert talk.mail(mail, ANNA).startswith("250")
    assert relay.contents() == [mail.replace(b"..", b".")]


def test_commands_may_come_together(relay: Relay) -> None:
    lines = ["MAIL FROM:<bob@there.example>", f"RCPT TO:<{ANNA}>", "RCPT TO:<x@foreign.example>"]
    with relay.talk() as talk:
        assert "250-PIPELINING" in talk.hello
        talk.send("\r\n".join([*lines, "DATA", ""]).encode())
        codes = [talk.hear()[:3] for _ in range(4)]
        assert codes == ["250", "250", "550", "354"]
        talk.send(RAW + b".\r\nMAIL FROM:<>\r\nNOOP\r\n")
        assert [talk.hear()[:3] for _ in range(3)] == ["250", "250", "250"]
    assert relay.contents() == [RAW]


def test_reset_forgets_the_envelope(relay: Relay) -> None:
    with relay.talk() as talk:
        talk.say("MAIL FROM:<bob@there.example>")
        talk.say(f"RCPT TO:<{ANNA}>")
        assert talk.say("RSET") == reply.OK
        assert talk.say("DATA").startswith("503")
        assert talk.mail(RAW, BEAT).startswith("250")
    assert [each.recipient for each in relay.deliveries()] == [BEAT]


def test_an_old_client_that_says_helo_is_served(relay: Relay) -> None:
    with relay.talk("HELO old.example") as talk:
        assert talk.greeting.startswith("220 mx.mailhafen.test ")
        assert talk.hello == "250 mx.mailhafen.test"
        assert talk.mail(RAW, ANNA).startswith("250")


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["MAIL FROM:<bob@there.example>"], "503"),
        (["EHLO x", f"RCPT TO:<{ANNA}>"], "503"),
        (["EHLO x", "DATA"], "503"),
        (["EHLO x", "MAIL FROM:<>", "DATA"], "503"),
        (["EHLO x", "MAIL FROM:<>", "MAIL FROM:<>"], "503"),
        (["EHLO x", "MAIL FROM:<>", f"RCPT TO:<{ANNA}>", "DATA now"], "501"),
        (["EHLO x", "BDAT 3 LAST"], "502"),
        (["EHLO x", "AUTH PLAIN AGEAYg=="], "502"),
        (["EHLO x", "STARTTLS"], "454"),
        (["HELO x", "MAIL FROM:<bob@there.example> SIZE=3"], "501"),
        (["EHLO"], "501"),
        (["x" * 600], "500"),
    ],
    ids=[
        "before a greeting",
        "recipient first",
        "data first",
        "data without recipient",
        "two senders",
        "data with words",
        "BDAT",
        "AUTH",
        "STARTTLS",
        "options after HELO",
        "greeting without a name",
        "long command",
    ],
)
def test_what_comes_out_of_order_is_refused(relay: Relay, lines: list[str], code: str) -> None:
    with relay.talk("") as talk:
        answers = [talk.say(line) for line in lines]
    assert answers[-1].startswith(code)
