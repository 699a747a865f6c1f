from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import update

from filter.naming.trying import try_hop
from mailstore import clock, lanes, onboarding
from mailstore.domains import Domain
from mailstore.naming import checks
from mailstore.naming.checks import CheckKind, DomainCheck
from mailstore.naming.steps import Stage, Step
from mailstore.naming.troubles import Trouble
from mailstore.store import Store
from tests.factories import ANNA, a_domain, a_mailbox
from tests.filter.authority import Authority
from tests.filter.conftest import MakeSink
from tests.filter.names import FakeDNS
from tests.filter.sink import CLOSE, GREETING, OFFERS, Sink

NAME = "mail.muster.example"
TLS = (*OFFERS, "STARTTLS")
KNOWN = f"RCPT TO:<{ANNA}>"
DATABASES = ["sqlite"]
Secure = Callable[[str, datetime], Sink]


@pytest.fixture
def domain(store: Store, names: FakeDNS) -> Domain:
    update = {"dns_servers": f"127.0.0.1:{names.port}"}
    store.settings = store.settings.model_copy(update=update)
    names.records = {("A", NAME): ["127.0.0.1"]}
    with store.write() as db:
        found = a_domain(db, "muster.example")
        a_mailbox(db)
        return found


def tried(store: Store, domain: Domain, route: str, named_by: int = lanes.OPERATOR) -> list[Step]:
    with store.write() as db:
        found = db.get_one(Domain, domain.id)
        onboarding.set_next_hop(db, found, route, by="anna", named_by=named_by)
        check_id = checks.ask(db, found, CheckKind.HOP, by="anna")
    assert check_id is not None
    try_hop(store, check_id)
    with store.read() as db:
        return db.get_one(DomainCheck, check_id).steps


def troubles(steps: list[Step]) -> dict[Stage, Trouble | None]:
    return {each.stage: each.trouble for each in steps}


def replies(**said: str | None) -> dict[str, str | None]:
    return {KNOWN: "250 2.1.5 ok", "RCPT": "550 5.1.1 nobody", **said}


def test_a_good_next_hop_is_tried_without_a_mail(
    store: Store, domain: Domain, a_sink: MakeSink
) -> None:
    sink = a_sink(replies())
    steps = tried(store, domain, f"127.0.0.1:{sink.port}")
    assert troubles(steps) == {
        Stage.CONNECT: None, Stage.HELLO: None, Stage.TLS: Trouble.NO_TLS, Stage.KNOWN: None,
        Stage.UNKNOWN: None,
    }  # fmt: skip
    assert (sink.mails, "DATA" in sink.commands) == ([], False)
    assert sum(each == "RSET" for each in sink.commands) == 2
    assert steps[0].heard == "220 sink"


def test_a_name_that_leads_nowhere_is_told(store: Store, domain: Domain) -> None:
    (step,) = tried(store, domain, "nowhere.muster.example:25", named_by=domain.tenant_id)
    assert step.trouble is Trouble.NOWHERE


@pytest.mark.parametrize(
    ("said", "stage", "trouble"),
    [
        ({GREETING: "554 5.7.1 go away"}, Stage.CONNECT, Trouble.UNWILLING),
        ({GREETING: CLOSE}, Stage.CONNECT, Trouble.SILENT),
        ({"EHLO": "550 5.7.1 no"}, Stage.HELLO, Trouble.UNWILLING),
        ({"MAIL": "550 5.7.1 who"}, Stage.KNOWN, Trouble.CANNOT_ASK),
        ({KNOWN: "550 5.1.1 nobody"}, Stage.KNOWN, Trouble.REFUSED),
        ({KNOWN: "450 4.7.1 greylisted"}, Stage.KNOWN, Trouble.LATER),
        ({"RCPT": "250 2.1.5 anybody"}, Stage.UNKNOWN, Trouble.TAKES_ANY),
        ({"RCPT": "450 4.7.1 greylisted"}, Stage.UNKNOWN, Trouble.ANSWERS_LATER),
    ],
    ids=["away", "closed", "no hello", "no sender", "refused", "later", "any", "not now"],
)
def test_what_is_wrong_is_told_at_its_step(
    store: Store, domain: Domain, a_sink: MakeSink,
    said: dict[str, str | None], stage: Stage, trouble: Trouble,
) -> None:  # fmt: skip
    sink = a_sink(replies() | said)
    assert troubles(tried(store, domain, f"127.0.0.1:{sink.port}"))[stage] is trouble


@pytest.fixture(name="ca", scope="module")
def _ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def secure(store: Store, a_sink: MakeSink, ca: Authority) -> Secure:
    """Return what starts a sink that speaks TLS, by the name in its certificate and its end."""

    def start(name: str, ends: datetime) -> Sink:
        sink: Sink = a_sink(replies(), TLS)
        sink.context = ca.server(name, expires_at=ends).context
        store.settings = store.settings.model_copy(update={"tls_authorities": ca.file})
        return sink

    return start


@pytest.mark.parametrize(
    ("kind", "safety", "trouble"),
    [
        ("good", "", None),
        ("good", " tls=must", None),
        ("soon", "", Trouble.ENDS_SOON),
        ("other", "", Trouble.UNPROVEN),
        ("other", " tls=must", Trouble.TLS_NEEDED),
        ("good", f" tls=pin:{'0' * 64}", Trouble.TLS_NEEDED),
    ],
)
def test_what_a_certificate_says_is_shown(
    store: Store, domain: Domain, secure: Secure, kind: str, safety: str, trouble: Trouble | None
) -> None:
    ends = clock.now() + (checks.DAILY * 3 if kind == "soon" else checks.DAILY * 60)
    sink = secure("mail.other.example" if kind == "other" else NAME, ends)
    steps = tried(store, domain, f"{NAME}:{sink.port}{safety}")
    (step,) = [each for each in steps if each.stage is Stage.TLS]
    assert step.trouble is trouble
    assert step.facts["ends"] == f"{ends:%Y-%m-%d}"
    assert ("other" in step.facts["names"]) == (kind == "other")


def test_a_key_that_is_pinned_proves_the_server_alone(
    store: Store, domain: Domain, secure: Secure
) -> None:
    sink = secure("mail.other.example", clock.now() + checks.DAILY * 60)

    def tls(safety: str) -> Step:
        steps = tried(store, domain, f"{NAME}:{sink.port}{safety}")
        return next(each for each in steps if each.stage is Stage.TLS)

    pin = tls("").facts["pin"]
    with store.write() as db:
        db.execute(update(DomainCheck).values(asked_at=clock.now() - checks.PAUSE))
    assert tls(f" tls=pin:{pin}").trouble is None
