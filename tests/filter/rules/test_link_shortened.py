import pytest

from tests.filter.exams import an_exam, found

SYMBOL = "LINK_SHORTENED"


@pytest.mark.parametrize(
    "mail",
    [
        "Subject: Ihr Paket\n\nVerfolgen: https://bit.ly/3abc\n",
        "Subject: x\nContent-Type: text/html\n\n<a href='http://www.tinyurl.com/x'>Your parcel</a>",
    ],
    ids=["German", "English"],
)
def test_a_link_that_does_not_show_where_it_leads_is_found(mail: str) -> None:
    assert len(found(SYMBOL, an_exam(mail))) == 1


@pytest.mark.parametrize(
    "mail",
    ["Subject: bit.ly\n\nKennen Sie bit.ly?\n", "Subject: x\n\nhttps://rabbit.ly.example/\n"],
    ids=["German talk of it", "English lookalike"],
)
def test_other_links_pass(mail: str) -> None:
    assert found(SYMBOL, an_exam(mail)) == []
