import base64
from time import process_time

import pytest

from filter.authentication import authenticate
from filter.authentication.authors import ambiguity, author_of
from mailstore.mime import Mail
from tests.filter.authentication.zone import CLIENT, Zone, dmarc, published, signed, spf

SHOWN = "boss@bank.example"
OURS = f"From: <{SHOWN}>"
ATTACKER = (
    spf("ip4:192.0.2.7", "-all", name="evil.example")
    | spf("-all", name="bank.example")
    | dmarc("p=reject", name="bank.example")
    | published("evil.example")
)
ENCODED = f"=?utf-8?b?{base64.b64encode(f'<{SHOWN}>'.encode()).decode()}?="
EVIL = "any@evil.example"
BEFORE_DMARC = {
    "sender below the author that does not exist": ("any@none.bank.example", OURS),
    "sender that opens a comment": ("(any@bank.example", OURS),
    "comment in the domain of the sender": ("any@bank.example(a.evil.example", OURS),
    "quote in the sender": ("any@bank.example'@any.evil.example", OURS),
    "route in the sender": ("@bank.example,@any.example:'any@evil.example", OURS),
    "sender of somebody else": (EVIL, OURS),
    "From and Sender": (EVIL, f"From\r\n : <{EVIL}>\r\nSender: <{SHOWN}>"),
    "From and Resent-From": (EVIL, f"From\r\n : <{EVIL}>\r\nResent-From: <{SHOWN}>"),
}
AMBIGUOUS = {
    "two From": f"From: <{EVIL}>\r\nFrom: <{SHOWN}>",
    "two From in other order": f"From: <{SHOWN}>\r\nFrom: <{EVIL}>",
    "blank before the first": f" From: <{EVIL}>\r\nFrom: <{SHOWN}>",
    "blank before the only": f" From: <{SHOWN}>",
    "blank after the second": f"From: <{EVIL}>\r\nFrom : <{SHOWN}>",
    "blank before the colon": f"From : <{SHOWN}>",
    "folded name": f"From\r\n : <{EVIL}>\r\nFrom: <{SHOWN}>",
    "only a folded name": f"From\r\n : <{SHOWN}>",
    "several addresses": f"From: <{EVIL}>, <{SHOWN}>",
    "encoded address first": f"From: {ENCODED},<{EVIL}>",
    "encoded address only": f"From: {ENCODED}",
    "encoded address as name": f"From: {ENCODED} <{EVIL}>",
    "route": f"From: <@evil.example,@any.example:{SHOWN}>",
    "quoted pair": f"From: <{SHOWN}>\\,<{EVIL}>",
    "comma without brackets": f"From: {SHOWN},<{EVIL}>",
    "address after the address": f"From: <{EVIL}>{SHOWN}",
    "address before the address": f"From: {SHOWN} <{EVIL}>",
    "address in quotes within": f'From: <"{SHOWN}"@evil.example>',
    "group": f"From: Bosses: <{SHOWN}>;",
    "comment in the address": "From: <boss(x)@bank.example>",
    "comment that does not end": f"From: <{EVIL}> ({SHOWN}",
    "quote that does not end": f'From: "Boss <{SHOWN}>',
    "NUL": f"From: <{SHOWN}\0{EVIL}>",
    "empty line above": f"\r\nFrom: <{SHOWN}>",
    "two empty lines above": f"\r\n\r\nFrom: <{SHOWN}>",
}
PLAIN = [
    OURS,
    f"From: {SHOWN}",
    f"FROM:{SHOWN}",
    f"From: Die Chefin <{SHOWN}>",
    f'From: "Muster, Anna" <{SHOWN}>',
    f"From: Muster, Anna <{SHOWN}>",
    f"From: {SHOWN} (Anna (die Chefin))",
    f'From: "{SHOWN}" <{SHOWN}>',
    f"From: {SHOWN} <{SHOWN}>",
    f'From: "an@other.example" <{SHOWN}>',
    f"From: =?utf-8?q?K=C3=A4the?= <{SHOWN}>",
    f"From: Käthe\r\n <{SHOWN}>",
    f'From: "say \\"hi\\"" <{SHOWN}>',
]


def a_mail(fields: str) -> bytes:
    return f"{fields}\r\nSubject: Hallo\r\n\r\nWer bin ich?\r\n".encode()


@pytest.mark.parametrize("fields", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_can_be_read_in_several_ways_is_ambiguous(fields: str) -> None:
    mail = Mail(a_mail(fields))
    assert ambiguity(mail)
    assert author_of(mail) is None


@pytest.mark.parametrize("fields", PLAIN)
def test_what_people_write_is_not_ambiguous(fields: str) -> None:
    mail = Mail(a_mail(fields))
    assert ambiguity(mail) == ""
    assert str(author_of(mail)) == SHOWN


@pytest.mark.parametrize("fields", ["To: anna@muster.example", "From: root", "From: <>", "From:"])
def test_no_author_is_not_an_ambiguous_one(fields: str) -> None:
    mail = Mail(a_mail(fields))
    assert (ambiguity(mail), author_of(mail)) == ("", None)


@pytest.mark.parametrize("fields", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_no_trick_with_from_is_proven_by_the_attackers_own_domain(fields: str) -> None:
    raw = signed(a_mail(OURS), "evil.example").partition(b"From:")[0] + a_mail(fields)
    found = authenticate(Mail(raw), CLIENT, EVIL, Zone(ATTACKER))
    assert found.proofs == ()


@pytest.mark.parametrize(("sender", "fields"), BEFORE_DMARC.values(), ids=BEFORE_DMARC)
def test_no_trick_with_the_sender_proves_the_author(sender: str, fields: str) -> None:
    found = authenticate(Mail(a_mail(fields)), CLIENT, sender, Zone(ATTACKER))
    assert (found.proofs, found.dmarc.result == "pass") == ((), False)


@pytest.mark.parametrize(
    ("domain", "selector"),
    [
        ("bank.example", "s1._domainkey.evil.example.\0.any"),
        ("bank.example'a.evil.example", "s1"),
        ("bank.example(.evil.example", "s1"),
        ('bank.example"=(.evil.example', "s1"),
        ("evil.example", "s1"),
    ],
    ids=["NUL in the selector", "quote", "comment", "quotes", "own domain"],
)
def test_no_trick_with_a_signature_proves_the_author(domain: str, selector: str) -> None:
    raw = signed(a_mail(OURS), "evil.example")
    forged = raw.replace(b"d=evil.example", b"d=" + domain.encode(), 1)
    forged = forged.replace(b"s=s1", b"s=" + selector.encode(), 1)
    found = authenticate(Mail(forged), CLIENT, EVIL, Zone(ATTACKER))
    assert (found.proofs, found.dmarc.result) == ((), "fail")


@pytest.mark.parametrize("piece", ["(", '"', "\\", "<", "@", ",", "=?", " \t", "=?a?q?", "a@b,"])
def test_a_hostile_from_takes_no_time(piece: str) -> None:
    raw = a_mail("From: " + piece * (2**16 // len(piece)))
    mail = Mail(raw)
    begun = process_time()
    ambiguity(mail)
    assert process_time() - begun < 0.1
