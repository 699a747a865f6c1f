import pytest

from filter.authentication import Authentication
from filter.rule import Exam
from filter.views.route import entry, from_the_net, hops
from mailstore.envelopes import Client
from mailstore.mime import Mail
from tests.filter.exams import an_exam, found, raw_mail

HOME = "Received: from pc (line-9.provider.example [203.0.113.9]) by mx.here.example with {}; x\n"
LIST = "List-Post: <mailto:l@l.example>\n"


def from_outside(ip: str, name: str | None, text: str = "\nHallo\n") -> Exam:
    mail, proof = Mail(raw_mail(text)), Authentication(client_name=name)
    return Exam(mail, Client(ip, "Mail.Firma.Example"), "", proof, outside=True)


def test_a_stranger_is_where_its_mail_came_in_whatever_the_mail_says() -> None:
    hop = entry(from_outside("203.0.113.5", "Mail.Firma.Example", HOME.format("SMTP") + "\nx\n"))
    assert hop
    assert (hop.ip, hop.helo, hop.reverse) == ("203.0.113.5", *["mail.firma.example"] * 2)


@pytest.mark.parametrize(
    ("text", "ip"),
    [(HOME.format("ESMTP"), "203.0.113.9"), (HOME.format("ESMTPSA"), ""), ("", ""),
     (HOME.format("ESMTP") + LIST, "")],
    ids=["a stranger", "somebody who signed in", "no hop", "a list"],
)  # fmt: skip
def test_what_a_peer_of_ours_noted_is_where_mail_came_in(text: str, ip: str) -> None:
    hop = entry(an_exam(text + "\nx\n"))
    assert (hop.ip if hop else "") == ip


@pytest.mark.parametrize(
    "how", ["with ESMTPSA id 1", "with UTF8SMTPA id 1", "with HTTP", "(Authenticated sender: a)"]
)
def test_whoever_signed_in_is_no_stranger(how: str) -> None:
    text = HOME.replace("with {}", how)
    assert not [each for each in hops(an_exam(text + "\nx\n").mail) if from_the_net(each)]


@pytest.mark.parametrize(
    ("ip", "name", "hit"),
    [("203.0.113.5", "", ["203.0.113.5"]), ("203.0.113.5", "mail.firma.example", []),
     ("203.0.113.5", None, []), ("192.168.1.7", "", [])],
    ids=["nameless", "named", "DNS is silent", "in our own house"],
)  # fmt: skip
def test_a_client_is_nameless_if_dns_says_so(ip: str, name: str | None, hit: list[str]) -> None:
    assert found("CLIENT_NAMELESS", from_outside(ip, name)) == hit
