from collections.abc import Callable
from datetime import timedelta

import pytest
import structlog.testing

from filter import sts
from mailstore import clock
from mailstore.sending.stspolicies import Mode
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.filter.authority import Authority, Shown
from tests.filter.background import Background
from tests.filter.conftest import MakeSink
from tests.filter.names import FakeDNS
from tests.filter.policyserver import PolicyServer
from tests.filter.sink import OFFERS
from tests.filter.strangers import MX, THERE, Stranger

pytestmark = on_sqlite

EVIL = b"250-evil\r\n250 AUTH PLAIN\r\n"
NOBODY = "0" * 64
Show = Callable[[Authority], Shown]
Ask = Callable[[Stranger], None]

DOUBTFUL: dict[str, tuple[Show, str]] = {
    "expired": (
        lambda ca: ca.server(MX, expires_at=clock.now() - timedelta(hours=1)),
        "certificate has expired",
    ),
    "another name": (lambda ca: ca.server("mx.evil.example"), "Hostname mismatch"),
    "the domain's name": (lambda ca: ca.server(THERE), "Hostname mismatch"),
    "self-signed": (lambda ca: ca.stranger(MX), "unable to get local issuer"),
}
ASKED: dict[str, Ask] = {
    "MTA-STS": lambda there: there.says(Mode.ENFORCE),
    "must": lambda there: there.is_asked_for("must"),
    "a pin": lambda there: there.is_asked_for(f"pin:{NOBODY}"),
    "DANE": lambda there: there.names_keys(f"3 1 1 {NOBODY}"),
    "DANE that we cannot read": lambda there: there.names_keys(f"2 1 1 {NOBODY}"),
}
BY_ALL = pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)


@pytest.fixture(name="ca", scope="module")
def _ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def there(store: Store, names: FakeDNS, a_sink: MakeSink, ca: Authority) -> Stranger:
    return Stranger.of(store, names, a_sink(), ca)


@pytest.mark.parametrize(
    ("ask", "tls"),
    [
        (ASKED["MTA-STS"], "TLSv1.3, MTA-STS"),
        (ASKED["must"], "TLSv1.3, certificate"),
        (lambda there: there.is_asked_for("may"), "TLSv1.3, not proven"),
        (lambda there: None, "TLSv1.3, not proven"),
        (ASKED["DANE that we cannot read"], "TLSv1.3, not proven"),
    ],
    ids=["MTA-STS", "must", "may", "nothing", "DANE that we cannot read"],
)
def test_a_proven_server_gets_mail_and_the_log_says_how(
    there: Stranger, ca: Authority, ask: Ask, tls: str
) -> None:
    there.shows(ca.server(MX))
    ask(there)
    assert there.drained() == tls


@pytest.mark.parametrize(("show", "why"), DOUBTFUL.values(), ids=DOUBTFUL)
@pytest.mark.parametrize("ask", [ASKED["MTA-STS"], ASKED["must"]], ids=["MTA-STS", "must"])
def test_mail_waits_for_a_server_that_does_not_prove_its_name(
    there: Stranger, ca: Authority, show: Show, why: str, ask: Ask
) -> None:
    there.shows(show(ca))
    ask(there)
    assert f"no TLS: {why}" in there.drained()


@pytest.mark.parametrize("ask", [ASKED["a pin"], ASKED["DANE"]], ids=["a pin", "DANE"])
def test_mail_waits_for_a_server_with_another_key(there: Stranger, ca: Authority, ask: Ask) -> None:
    there.shows(ca.server(MX))
    ask(there)
    assert "no TLS: the server has another key" in there.drained()


@BY_ALL
def test_mail_waits_where_starttls_is_stripped(there: Stranger, ask: Ask) -> None:
    ask(there)
    assert "no TLS: the server does not offer STARTTLS" in there.drained()


@BY_ALL
def test_mail_waits_where_starttls_is_refused(there: Stranger, ask: Ask) -> None:
    there.sink.offers = (*OFFERS, "STARTTLS")
    there.sink.replies["STARTTLS"] = "454 4.7.0 not now"
    ask(there)
    assert "no TLS: 454 4.7.0 not now" in there.drained()


@BY_ALL
def test_mail_waits_where_a_reply_is_glued_before_tls(
    there: Stranger, ca: Authority, ask: Ask
) -> None:
    there.shows(ca.server(MX))
    there.sink.between = EVIL
    ask(there)
    assert there.drained()
    assert there.sink.secret == []


@pytest.mark.parametrize("pattern", ["mx2.there.example", "*.mx.there.example", "there.example"])
def test_mail_waits_for_a_server_that_the_policy_does_not_name(
    there: Stranger, ca: Authority, pattern: str
) -> None:
    there.shows(ca.server(MX))
    there.says(Mode.ENFORCE, pattern)
    assert there.drained() == "MTA-STS: mx.there.example is not in the policy of there.example"
    assert there.sink.connections == 0


def test_of_several_servers_only_those_that_the_policy_names_get_mail(
    there: Stranger, ca: Authority
) -> None:
    there.names.records["MX", THERE] = ["5 mx.evil.example.", f"10 {MX}."]
    there.names.records["A", "mx.evil.example"] = ["127.0.0.1"]
    there.shows(ca.server(MX))
    there.says(Mode.ENFORCE, "*.there.example")
    assert there.drained() == "TLSv1.3, MTA-STS"
    assert there.sink.connections == 1


@pytest.mark.parametrize("mode", [Mode.TESTING, Mode.NONE])
def test_a_policy_that_enforces_nothing_stops_nothing(there: Stranger, mode: Mode) -> None:
    there.says(mode, "mx2.there.example")
    with structlog.testing.capture_logs() as lines:
        assert there.drained() == "none"
    tested = [line for line in lines if line["event"] == "sts_testing"]
    assert [line["strange"] for line in tested] == ([1] if mode is Mode.TESTING else [])


def test_what_the_operator_says_goes_before_what_the_domain_asks_for(
    there: Stranger, ca: Authority
) -> None:
    there.shows(ca.stranger(MX))
    there.says(Mode.ENFORCE)
    there.names_keys(f"3 1 1 {NOBODY}")
    there.is_asked_for("may")
    assert there.drained() == "TLSv1.3, not proven"


def test_keys_that_dns_proves_go_before_mta_sts(there: Stranger, ca: Authority) -> None:
    shown = ca.stranger(MX)
    there.shows(shown)
    there.says(Mode.ENFORCE, "mx2.there.example")
    there.names_keys(f"3 1 1 {shown.pin}")
    assert there.drained() == "TLSv1.3, DANE"


def test_keys_that_cannot_be_checked_leave_room_for_mta_sts(there: Stranger, ca: Authority) -> None:
    there.shows(ca.stranger(MX))
    there.says(Mode.ENFORCE)
    there.names_keys(f"2 1 1 {NOBODY}")
    assert "(MTA-STS asks for it)" in there.drained()


def test_what_a_domain_asks_for_is_looked_up_once_for_many_mails(
    there: Stranger, ca: Authority
) -> None:
    there.shows(ca.server(MX))
    there.says(Mode.ENFORCE)
    there.queue_more(5)
    assert there.drained() == "TLSv1.3, MTA-STS"
    assert len(there.sink.mails) == 6
    assert [kind for kind, _ in there.names.asked] == ["MX", "A", "AAAA", "TXT"]


def test_a_policy_is_fetched_when_the_first_mail_goes(
    there: Stranger, ca: Authority, background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = f"mta-sts.{THERE}"
    web = PolicyServer(ca.server(host).context)
    background.run(web.start())
    monkeypatch.setattr(sts, "PORT", web.port)
    there.names.records |= {
        ("TXT", f"_mta-sts.{THERE}"): ['"v=STSv1; id=1"'],
        ("A", host): ["127.0.0.1"],
    }
    assert "does not offer STARTTLS (MTA-STS asks for it)" in there.drained()
    background.run(web.stop())
