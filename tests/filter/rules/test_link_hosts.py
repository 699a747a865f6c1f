import pytest

from tests.filter.exams import an_exam, found

GERMAN = "Subject: Ihr Paket\n\nBitte hier klicken: {}\n"
ENGLISH = "Subject: Your parcel\nContent-Type: text/html\n\n<a href='{}'>Click here</a>\n"
HITS = {
    "LINK_TO_NUMBER": ["http://192.0.2.1/x", "http://3221225985/", "http://0xc0000201/",
                       "http://[2001:db8::1]/", "http://user@192.0.2.1:8080/"],
    "LINK_PUNYCODE": ["https://xn--bcher-kva.example/", "https://bücher.example/"],
    "LINK_MIXED_ALPHABETS": ["https://xn--pple-43d.example/", "https://b\u0430nk.example/"],
    "LINK_POSES": ["https://bank.ch@evil.example/", "https://www.bank.ch:login@evil.example"],
}  # fmt: skip
HARMLESS = ["https://there.example/192.0.2.1", "https://1.there.example/", "https://bank.ch/a@b.ch"]
TABLE = [(symbol, address) for symbol, addresses in HITS.items() for address in addresses]


@pytest.mark.parametrize(("symbol", "address"), TABLE)
@pytest.mark.parametrize("mail", [GERMAN, ENGLISH], ids=["German", "English"])
def test_a_host_that_hides_whose_it_is_is_found_once(symbol: str, address: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail.format(address)))) == 1


@pytest.mark.parametrize("symbol", HITS)
@pytest.mark.parametrize("address", HARMLESS)
def test_hosts_that_show_whose_they_are_pass(symbol: str, address: str) -> None:
    assert found(symbol, an_exam(ENGLISH.format(address))) == []


def test_a_name_with_umlauts_mixes_nothing() -> None:
    assert found("LINK_MIXED_ALPHABETS", an_exam(GERMAN.format("https://bücher.example/"))) == []
