import asyncio
from pathlib import Path
from typing import Any

import pytest

from filter.inspection import Case, explain
from filter.rule import RULES
from filter.rules import gtube
from mailstore.addresses import Address
from mailstore.errors import BadAddress, NotFound
from mailstore.policies import PolicyRow
from mailstore.senders import Listed, SenderEntry
from mailstore.settings import Settings
from mailstore.store import Store
from tests.factories import ANNA, BOB, RAW, a_mailbox
from tests.filter.names import FakeDNS

NOBODY = Case.of("192.0.2.7", "mail.there.example", "", "")
TO_ANNA = Case.of("192.0.2.7", "mail.there.example", "", ANNA)
NO_DATE = {"name": "MISSING_DATE", "weight": 1.4, "detail": ""}


def explained(settings: Settings, case: Case, *paths: Path) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        return [found async for found in explain(settings, case, paths)]

    return asyncio.run(run())


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    """Return a file with a plain mail, its lines ended as files end them."""
    file = tmp_path / "plain.eml"
    file.write_bytes(RAW.replace(b"\r\n", b"\n"))
    return file


def test_a_mail_is_explained_as_the_relay_judges_it(settings: Settings, mail: Path) -> None:
    (found,) = explained(settings, NOBODY, mail)
    assert found.pop("milliseconds") > 0
    assert found.pop("trail")[-1] == "nothing speaks against it → deliver"
    assert found == {
        "file": str(mail),
        "score": 1.4,
        "action": "deliver",
        "class": "clean",
        "reason": "score",
        "authentication": [],
        "symbols": [NO_DATE | {"text": RULES["MISSING_DATE"].says}],
    }


def test_folders_are_explained_file_by_file_and_nothing_is_stored(
    settings: Settings, mail: Path
) -> None:
    below = mail.parent / "below"
    below.mkdir()
    (below / "spam.eml").write_bytes(RAW + gtube.TEST_STRING)
    found = explained(settings, NOBODY, mail.parent, mail)
    names = [(Path(each["file"]).name, each["action"]) for each in found]
    assert names == [
        ("spam.eml", "quarantine"),
        ("plain.eml", "deliver"),
        ("plain.eml", "deliver"),
    ]
    assert not settings.data_dir.exists()


def test_a_recipient_is_judged_by_its_policy(store: Store, mail: Path) -> None:
    with store.write() as db:
        strict = PolicyRow(name="strict", values={"weights": {"MISSING_DATE": 7.0}})
        db.add(strict)
        db.flush()
        a_mailbox(db).policy_id = strict.id
    (found,) = explained(store.settings, TO_ANNA, mail)
    assert (found["score"], found["action"]) == (7.0, "quarantine")


def test_a_recipient_is_judged_by_its_lists_too(store: Store, mail: Path) -> None:
    with store.write() as db:
        anna = a_mailbox(db)
        db.add(
            SenderEntry(
                tenant_id=anna.tenant_id,
                mailbox_id=anna.id,
                listed=Listed.BLOCKED,
                pattern=BOB.key,
                by="test",
            )
        )
    (found,) = explained(store.settings, TO_ANNA, mail)
    assert found["reason"] == "blocked author"


def test_a_recipient_whom_nobody_knows_is_an_error(store: Store, mail: Path) -> None:
    with pytest.raises(NotFound, match=ANNA):
        explained(store.settings, TO_ANNA, mail)


def test_a_sender_is_proven_by_its_domain(settings: Settings, mail: Path, names: FakeDNS) -> None:
    names.records["TXT", BOB.domain] = ['"v=spf1 ip4:192.0.2.7 -all"']
    known = settings.model_copy(update={"dns_servers": f"127.0.0.1:{names.port}"})
    case = Case.of("192.0.2.7", "mail.there.example", str(BOB), "")
    (found,) = explained(known, case, mail)
    assert "AUTHENTICATED" in [each["name"] for each in found["symbols"]]
    assert f"spf=pass smtp.mailfrom={BOB}" in found["authentication"]


def test_a_strict_domain_of_the_operators_needs_no_recipient(
    settings: Settings, mail: Path, names: FakeDNS
) -> None:
    names.records["TXT", "bluewin.ch"] = ['"v=spf1 -all"']
    known = settings.model_copy(update={"dns_servers": f"127.0.0.1:{names.port}"})
    (found,) = explained(known, Case.of("192.0.2.7", "x", "hans@bluewin.ch", ""), mail)
    assert found["trail"] == ["mandatory rule: FORGED_SENDER_DOMAIN → reject"]


def test_the_options_of_the_command_are_addresses() -> None:
    case = Case.of("192.0.2.7", "x", str(BOB), ANNA)
    assert (case.sender, case.recipient) == (BOB, Address.parse(ANNA))
    for options in (("bob", ""), ("", "anna@")):
        with pytest.raises(BadAddress):
            Case.of("192.0.2.7", "x", *options)
