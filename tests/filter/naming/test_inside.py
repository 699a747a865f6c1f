"""Check T10: a next hop that a tenant sets leads to nothing inside, however it is written."""

import uvloop

from filter.naming.trying import trial
from mailstore import onboarding
from mailstore.domains import Domain
from mailstore.lanes import Lane
from mailstore.naming.steps import Stage
from mailstore.naming.troubles import Trouble
from mailstore.store import Store
from tests.factories import a_domain
from tests.filter.names import FakeDNS
from tests.inside import HOSTS, NAMES

REDIS = "127.0.0.1:6379"


def test_a_host_that_a_tenant_named_does_not_lead_to_the_inside(
    store: Store, names: FakeDNS
) -> None:
    names.records = dict(NAMES)
    update = {"dns_servers": f"127.0.0.1:{names.port}"}
    store.settings = store.settings.model_copy(update=update)
    with store.write() as db:
        domain_id = a_domain(db, "muster.example").id
    for route in (*(f"{each}:25" for each in HOSTS), REDIS):
        with store.write() as db:
            found = db.get_one(Domain, domain_id)
            onboarding.set_next_hop(db, found, route, by="anna", named_by=found.tenant_id)
            assert not db.get_one(Lane, found.lane_id).trusted
        (step,) = uvloop.run(trial(store, found))
        assert (route, step.stage, step.trouble) == (route, Stage.FIND, Trouble.FORBIDDEN)
