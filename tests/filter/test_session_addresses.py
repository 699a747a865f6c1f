import pytest

from filter import reply
from tests.factories import ANNA, RAW
from tests.filter.relay import Relay


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("nobody@muster.example", reply.UNKNOWN_MAILBOX),
        ("x%foreign.example@muster.example", reply.UNKNOWN_MAILBOX),
        ("foreign.example!x@muster.example", reply.UNKNOWN_MAILBOX),
        ('"x@foreign.example"@muster.example', reply.UNKNOWN_MAILBOX),
        ("x@foreign.example", reply.NOT_OURS),
        ("X@FOREIGN.EXAMPLE", reply.NOT_OURS),
        ("@muster.example:x@foreign.example", reply.BAD_RECIPIENT),
        ("anna%muster.example@foreign.example", reply.NOT_OURS),
        ('"anna@muster.example"@foreign.example', reply.NOT_OURS),
        ("anna@muster.example.foreign.example", reply.NOT_OURS),
        ("anna@xmuster.example", reply.NOT_OURS),
        ("x@münster.example", reply.NOT_OURS),
        ("anna@[127.0.0.1]", reply.BAD_RECIPIENT),
        ("anna", reply.BAD_RECIPIENT),
        ("", reply.BAD_RECIPIENT),
        ("anna\0@muster.example", reply.BAD_COMMAND),
        ("a" * 65 + "@muster.example", reply.BAD_RECIPIENT),
    ],
    ids=[
        "unknown mailbox",
        "percent",
        "bang",
        "quoted",
        "foreign",
        "capitals",
        "source route",
        "percent abroad",
        "quoted abroad",
        "longer domain",
        "other domain",
        "IDN",
        "literal",
        "no domain",
        "null",
        "NUL",
        "long local part",
    ],
)
def test_who_is_not_ours_is_refused(asked_relay: Relay, path: str, answer: str) -> None:
    with asked_relay.talk() as talk:
        talk.say("MAIL FROM:<bob@there.example>")
        assert talk.say(f"RCPT TO:<{path}>") == answer
        assert talk.say("DATA").startswith("503")


@pytest.mark.parametrize(
    "path",
    [
        b"<x@foreign.example@muster.example>",
        b"<anna@muster.example,x@foreign.example>",
        b"<anna@muster.example>,<x@foreign.example>",
        b"<anna@muster.example> <x@foreign.example>",
        b"<anna@muster.example>x",
        b"<@>",
        b"<anna@>",
        b"<\xff@muster.example>",
        b"<" + b"(" * 400,
        b"",
    ],
    ids=[
        "two at signs",
        "list within",
        "list of paths",
        "two paths",
        "tail",
        "only at",
        "no domain",
        "not UTF-8",
        "open comments",
        "nothing",
    ],
)
def test_what_is_not_one_address_is_a_final_error(asked_relay: Relay, path: bytes) -> None:
    with asked_relay.talk() as talk:
        talk.say("MAIL FROM:<bob@there.example>")
        assert talk.say(b"RCPT TO:" + path)[:3] in {"501", "553", "555"}
        assert talk.say("DATA").startswith("503")


@pytest.mark.parametrize("command", ["MAIL FROM", "RCPT TO"])
def test_a_lone_bracket_is_a_final_error_too(asked_relay: Relay, command: str) -> None:
    with asked_relay.talk() as talk:
        if command == "RCPT TO":
            talk.say("MAIL FROM:<bob@there.example>")
        assert talk.say(f"{command}:<").startswith(("501", "553"))


@pytest.mark.parametrize(
    "path",
    [
        f"<@a.example,@b.example:{ANNA}>",
        "<anna(eve)@muster.example>",
        f"<{ANNA}",
        "<anna @muster.example>",
    ],
    ids=["source route", "comment", "open bracket", "space"],
)
def test_an_address_is_never_shortened_to_another(asked_relay: Relay, path: str) -> None:
    with asked_relay.talk() as talk:
        talk.say("MAIL FROM:<bob@there.example>")
        assert talk.say(f"RCPT TO:{path}").startswith(("501", "553"))


@pytest.mark.parametrize(
    "path",
    [
        "ANNA@muster.example",
        "anna+shop@Muster.Example",
        "postmaster@muster.example",
        '"anna"@muster.example',
        "Postmaster",
    ],
    ids=["capitals", "tag", "postmaster", "quoted", "postmaster alone"],
)
def test_the_many_ways_to_write_one_of_ours_are_known(relay: Relay, path: str) -> None:
    with relay.talk() as talk:
        assert talk.mail(RAW, path).startswith("250")
    (delivery,) = relay.deliveries()
    assert delivery.recipient.lower().startswith(path.lower())


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("<>", reply.OK_SENDER),
        ('<"bob hug"@there.example>', reply.OK_SENDER),
        ("<böb@there.example> SMTPUTF8", reply.OK_SENDER),
        ("<bob>", reply.BAD_SENDER),
        ("<bob@[192.0.2.1]>", reply.BAD_SENDER),
        ("<bob@-there.example>", reply.BAD_SENDER),
    ],
    ids=["null", "quoted", "UTF-8", "no domain", "literal", "bad domain"],
)
def test_a_sender_is_an_address_or_nobody(asked_relay: Relay, path: str, answer: str) -> None:
    with asked_relay.talk() as talk:
        assert talk.say(f"MAIL FROM:{path}") == answer


def test_a_bounce_with_the_null_sender_is_taken(relay: Relay) -> None:
    with relay.talk() as talk:
        assert talk.mail(RAW, ANNA, sender="").startswith("250")
    ((message, _),) = relay.messages()
    assert message.sender == ""
