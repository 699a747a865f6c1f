"""A domain that is looked at and tried, and one that is claimed, as pages show them."""

from datetime import date
from typing import Any

from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.naming import checks, claims, published, spf
from mailstore.naming.checks import CheckKind
from mailstore.naming.proofs import Seen
from mailstore.naming.steps import Stage, Step
from mailstore.naming.troubles import Trouble
from mailstore.onboarding import NewDomain
from mailstore.store import Store

HERE, OURS = "muster.example", ["mx.mailhafen.test"]
FACTS = {"names": "mail.muster.example", "issuer": "CN=Somebody", "ends": "2027-01-01",
         "pin": "0" * 64}  # fmt: skip
STEPS = (
    Step(Stage.CONNECT, "mail.muster.example:25 (192.0.2.1)", None, "220 mail", 12),
    Step(Stage.TLS, "mail.muster.example:25 (192.0.2.1)", Trouble.UNPROVEN, "expired", 90, FACTS),
    Step(Stage.KNOWN, "mail.muster.example:25 (192.0.2.1)", Trouble.REFUSED, "550 " + "x" * 90, 8),
)
FINDINGS = (
    published.mx(HERE, OURS, [(10, "mail.old.example")]),
    spf.judge(HERE, ["ip4:192.0.2.9"], ["v=spf1 +all"], {}),
    published.dmarc(HERE, None),
    published.sts(HERE, OURS, [], None, date(2026, 11, 24)),
    published.tls_rpt(HERE, ["v=TLSRPTv1; rua=mailto:t@muster.example"]),
)


def a_moved_domain(store: Store, mailbox: Mailbox) -> dict[str, object]:
    """Keep what was found about the domain of a mailbox; return the id of a claim."""
    found: dict[CheckKind, dict[str, Any]] = {
        CheckKind.DNS: {"records": [each.packed() for each in FINDINGS], "addresses": OURS},
        CheckKind.HOP: {"steps": [each.packed() for each in STEPS]},
    }
    with store.write() as db:
        domain = db.get_one(Domain, mailbox.domain_id)
        for kind, what in found.items():
            check_id = checks.ask(db, domain, kind, by="test")
            taken = checks.take(db, check_id) if check_id else None
            if taken:
                checks.done(db, taken[0], what)
        new = NewDomain("muster.test", "mail.muster.example:25")
        claim = claims.claim(db, mailbox.tenant_id, new, by="test")
        claims.settle(db, claim.id, Seen.OTHER)
        return {"claim_id": claim.id}
