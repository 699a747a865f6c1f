from collections.abc import Callable

import pytest

from filter.dns import Resolver
from filter.examination import Examiner
from filter.findings import Findings
from filter.spool import Spool
from mailstore.addresses import Address
from mailstore.sandbox_pool import SandboxPool
from mailstore.settings import Settings
from tests.filter.authentication.test_chains import sealed
from tests.filter.authentication.zone import CLIENT, dmarc, published, signed
from tests.filter.background import Background
from tests.filter.exams import raw_mail
from tests.filter.names import FakeDNS

MAIL = raw_mail("From: Bob <bob@there.example>\nSubject: Plans\n\nAt noon?\n")
SENDER = Address("bounce", "lists.example")
RECORDS = published() | published("lists.example") | dmarc("p=reject")
Examine = Callable[[bytes], Findings]


@pytest.fixture
def examine(
    background: Background, pool: SandboxPool, settings: Settings, names: FakeDNS
) -> Examine:
    """Return examination in a child that asks for the names of these tests."""
    for name, (pieces,) in RECORDS.items():
        names.records[name] = [" ".join(f'"{piece}"' for piece in pieces)]
    named = {"dns_servers": f"127.0.0.1:{names.port}", "arc_sealers": "Lists.Example, x.example"}
    known = settings.model_copy(update=named)
    examiner = Examiner(known, pool, Resolver(known))

    def run(raw: bytes) -> Findings:
        with Spool(None) as spool:
            spool.write(raw)
            return background.run(examiner.examine(CLIENT, SENDER, spool, outside=True))

    return run


@pytest.mark.parametrize(
    ("raw", "proofs", "symbols"),
    [
        (signed(MAIL), {"dmarc", "dkim"}, {"AUTHENTICATED"}),
        (sealed(MAIL), {"arc"}, {"AUTHENTICATED"}),
        (MAIL, set(), {"DMARC_FAIL", "DMARC_REJECT"}),
        (signed(MAIL) + b"Buy!\r\n", set(), {"DKIM_INVALID", "DMARC_FAIL", "DMARC_REJECT"}),
        (MAIL + b"\r\n", set(), {"DMARC_FAIL", "DMARC_REJECT"}),
        (b"From: x@evil.example\r\n" + signed(MAIL), set(), {"AMBIGUOUS_FROM", "DKIM_INVALID"}),
    ],
    ids=["signed", "sealed", "bare", "changed", "forged", "two From"],
)
def test_a_child_finds_out_who_sent_it(
    examine: Examine, raw: bytes, proofs: set[str], symbols: set[str]
) -> None:
    found = examine(raw)
    assert found.proofs == proofs
    ours = {"AUTHENTICATED", "AMBIGUOUS_FROM", "DKIM_INVALID", "DMARC_FAIL", "DMARC_REJECT"}
    assert {each.name for each in found.symbols} & ours == symbols


def test_a_silent_name_server_holds_no_mail(examine: Examine, names: FakeDNS) -> None:
    names.failing = True
    found = examine(signed(MAIL))
    assert (found.spf, found.proofs) == ("temperror", frozenset())
    assert not {each.name for each in found.symbols} & {"DMARC_FAIL", "DKIM_INVALID", "UNEXAMINED"}
    assert found.lines[1].startswith("dkim=temperror")
