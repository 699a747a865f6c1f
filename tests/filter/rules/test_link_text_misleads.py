import pytest

from tests.filter.exams import an_exam, found

SYMBOL = "LINK_TEXT_MISLEADS"


def page(body: str, head: str = "") -> str:
    return f"From: a@there.example\n{head}Subject: x\nContent-Type: text/html\n\n{body}\n"


@pytest.mark.parametrize(
    "body",
    [
        'Bitte melden Sie sich an: <a href="https://evil.example/x">https://www.bank.ch/login</a>',
        'Sign in: <a href="http://evil.example/">www.bank.ch</a>',
        "<a href=http://evil.example/>bank.ch</a>",
        "<A\nHREF = 'http://evil.example/'><b>www.</b><i>bank</i>.ch</A>",
        '<a href="htt\nps:\\\\evil.example">Anmelden bei https://bank.ch</a>',
        '<a href="//evil.example/a>b">https://bank.ch</a>',
        '<a href="http&#58;//evil.example/">https&#58;//bank.ch</a>',
        '<a href="https://bank.ch.evil.example/">https://bank.ch</a>',
        '<a href="https://x.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2F">'
        "https://bank.ch</a>",
    ],
    ids=["German", "English", "bare name", "text in pieces", "line end and backslashes",
         "no scheme", "entities", "name in front", "wrapped"],
)  # fmt: skip
def test_a_link_that_shows_another_host_is_found(body: str) -> None:
    (detail,) = found(SYMBOL, an_exam(page(body)))
    assert detail.startswith("bank.ch leads to ")


@pytest.mark.parametrize(
    "body",
    [
        '<a href="https://login.bank.ch/">Anmelden bei https://www.bank.ch</a>',
        '<a href="https://there.example/offer">Click here</a>',
        '<a href="https://there.example/">invoice.pdf</a>',
        '<a href="https://there.example/">readme.md</a>',
        '<a href="mailto:info@bank.ch">bank.ch</a>',
        '<a href="https://x.safelinks.protection.outlook.com/?url=https%3A%2F%2Fbank.ch%2F&a=1">'
        "https://bank.ch</a>",
        '<a name="top">https://bank.ch</a>',
    ],
    ids=["German, same organisation", "English words", "a file", "another file", "mail", "wrapped",
         "anchor"],
)  # fmt: skip
def test_honest_links_pass(body: str) -> None:
    assert found(SYMBOL, an_exam(page(body))) == []


COUNTED = '<a href="https://click.platform.example/{}">{}</a>'


def test_a_newsletter_that_counts_all_clicks_passes() -> None:
    body = "".join(
        COUNTED.format(n, text) for n, text in enumerate(["News", "www.shop.ch", "Mehr"])
    )
    assert found(SYMBOL, an_exam(page(body, "List-Unsubscribe: <mailto:x@there.example>\n"))) == []
    assert found(SYMBOL, an_exam(page(body))) != []
