import time

import pytest

from portal.content.hosts import host_of, note, tell_hosts

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

MISLEADING = {
    "another host": ("https://evil.example/x", "www.bank.example", "evil.example"),
    "another host in a sentence": ("http://evil.example", "To bank.example now", "evil.example"),
    "another host before the true one": ("http://evil.example", "bank.example evil.example",
                                         "evil.example"),
    "an address of another host": ("mailto:x@evil.example", "info@bank.example", "evil.example"),
    "a name before the host": ("https://bank.example@evil.example/", "here", "evil.example"),
    "a turned slash": ("https://evil.example\\@bank.example", "bank.example", "evil.example"),
    "characters in numbers": ("https://%65vil.example/", "here", "evil.example"),
    "punycode": ("https://xn--pypal-4ve.example/", "here", "xn--pypal-4ve.example"),
    "other letters": ("https://p\u0430ypal.example/", "paypal.example", "xn--pypal-4ve.example"),
    "nothing but a line end": ("https://evil.example/", "bank\u200b.example", "evil.example"),
}  # fmt: skip
HONEST = {
    "the same": ("https://bank.example/in", "https://bank.example/"),
    "with www": ("https://www.bank.example/", "bank.example"),
    "below it": ("https://click.bank.example/1", "Bank.example"),
    "with a port": ("https://bank.example:8443/", "bank.example"),
    "no host": ("https://bank.example/", "Click here."),
    "its address": ("mailto:info@bank.example", "info@bank.example"),
    "a number": ("tel:+41441234567", "044 123 45 67"),
}


@pytest.mark.parametrize(("target", "text", "host"), MISLEADING.values(), ids=MISLEADING)
def test_a_link_that_misleads_says_where_it_leads(target: str, text: str, host: str) -> None:
    assert f"[{host}]" in note(target, text)


@pytest.mark.parametrize(("target", "text"), HONEST.values(), ids=HONEST)
def test_an_honest_link_says_nothing_more(target: str, text: str) -> None:
    assert note(target, text) == ""


def test_the_host_stands_behind_the_link_whatever_is_in_it() -> None:
    html = '<p><a href="https://evil.example/?a&amp;b" title=">"><b>bank</b>.example</a>!</p>'
    told = tell_hosts(html)
    assert told.startswith(html.removesuffix("!</p>"))
    assert told.endswith("[evil.example]</bdi> !</p>")


def test_characters_that_turn_text_are_dropped_from_links_only() -> None:
    html = '<p>a\u202eb <a href="https://x.example/">c\u202ed</a></p>'
    assert tell_hosts(html) == '<p>a\u202eb <a href="https://x.example/">cd</a></p>'


def test_nothing_of_a_host_becomes_markup() -> None:
    assert "<b>" not in note("https://<b>.example/", "bank.example")
    assert host_of("javascript:x")[0] == ""


@pytest.mark.parametrize("text", ["a." * 500_000, "a-" * 500_000, "<b></b>" * 100_000])
def test_no_text_of_a_link_takes_long(text: str) -> None:
    begun = time.process_time()
    tell_hosts(f'<a href="https://x.example/">{text}</a>' * 2)
    assert time.process_time() - begun < 1
