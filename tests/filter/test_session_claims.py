"""A client behind a balancer speaks for nobody but itself."""

from filter import reply
from tests.factories import ANNA, RAW
from tests.filter.relay import Relay
from tests.filter.talk import Talk

STRANGER = "203.0.113.9"
PROXY = f"PROXY TCP4 {STRANGER} 127.0.0.1 40000 25\r\n".encode()


def behind_a_balancer(relay: Relay, header: bytes = PROXY) -> Talk:
    talk = Talk(relay.port, "")
    talk.send(header)
    talk.hello = talk.say("EHLO client.example")
    return talk


def test_the_client_behind_a_balancer_cannot_claim_to_be_another(relay: Relay) -> None:
    with behind_a_balancer(relay) as talk:
        assert "XCLIENT" not in talk.hello
        assert talk.say("XCLIENT ADDR=127.0.0.1 LOGIN=admin@muster.example") == reply.NO_XCLIENT
        assert talk.mail(RAW, ANNA).startswith("250")
    ((message, _),) = relay.messages()
    assert message.client_ip == STRANGER


def test_even_a_trusted_client_behind_a_balancer_makes_no_claims(relay: Relay) -> None:
    header = PROXY.replace(STRANGER.encode(), b"127.0.0.2")
    with behind_a_balancer(relay, header) as talk:
        assert talk.say("XCLIENT ADDR=192.0.2.1") == reply.NO_XCLIENT


def test_a_balancer_that_speaks_for_itself_may_make_claims(relay: Relay) -> None:
    with behind_a_balancer(relay, b"PROXY UNKNOWN\r\n") as talk:
        assert talk.say(f"XCLIENT ADDR={STRANGER}").startswith("220")
