"""Mail of a tenant whose mail does not flow: put off at the door, and led past by neighbours."""

import pytest
from sqlalchemy import select

from filter import reply
from mailstore.deliveries import Direction, State
from mailstore.domains import Domain
from mailstore.lanes import Lane
from mailstore.mailboxes import Mailbox
from mailstore.tenants import Tenant, TenantState
from tests.factories import ANNA
from tests.filter.relay import CARLA, Relay
from tests.filter.test_outgoing import MAIL, Send, anna, send

__all__ = ["anna", "send"]


def stop(relay: Relay, address: str, state: TenantState) -> None:
    with relay.store.write() as db:
        mailbox = db.scalars(select(Mailbox).where(Mailbox.address == address)).one()
        db.get_one(Tenant, mailbox.tenant_id).state = state


@pytest.mark.parametrize("state", [TenantState.PREPARING, TenantState.SUSPENDED])
@pytest.mark.parametrize("path", [ANNA, "nobody@muster.example", "postmaster@muster.example"])
def test_senders_are_asked_to_come_again(relay: Relay, state: TenantState, path: str) -> None:
    stop(relay, ANNA, state)
    with relay.talk() as talk:
        talk.say("MAIL FROM:<bob@there.example>")
        assert talk.say(f"RCPT TO:<{path}>").startswith("451 4.7.1 ")
        assert talk.say(f"RCPT TO:<{CARLA}>") == reply.OK_RECIPIENT


def test_while_others_prepare_their_mail_goes_where_their_records_lead(
    relay: Relay, send: Send
) -> None:
    stop(relay, CARLA, TenantState.PREPARING)
    send(MAIL, CARLA, "nobody@hafenbau.example")
    ways = {each.recipient: (each.direction, each.state) for each in relay.deliveries()}
    assert ways == dict.fromkeys((CARLA, "nobody@hafenbau.example"), (Direction.OUT, State.QUEUED))
    with relay.store.read() as db:
        lanes = {db.get_one(Lane, each.lane_id).route for each in relay.deliveries()}
        domain = db.scalars(select(Domain).where(Domain.name == "hafenbau.example")).one()
        assert db.get_one(Lane, domain.lane_id).route not in lanes
    assert lanes == {"mx:hafenbau.example:25"}
