import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstore.addresses import Address, parse_domain, parse_host_port
from mailstore.errors import BadAddress, BadName

LONG_DOMAIN = ".".join(["a" * 63] * 3 + ["b" * 63])


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("anna@muster.example", "anna@muster.example"),
        ("<anna@muster.example>", "anna@muster.example"),
        ("anna@MUSTER.Example", "anna@muster.example"),
        ("Anna.Keller@muster.example", "Anna.Keller@muster.example"),
        ("anna@muster.example.", "anna@muster.example"),
        ("anna+lists@muster.example", "anna+lists@muster.example"),
        ('"anna keller"@muster.example', '"anna keller"@muster.example'),
        (r'"a\"b\\c"@muster.example', r'"a\"b\\c"@muster.example'),
        ('"a@b"@muster.example', '"a@b"@muster.example'),
        ("jürg@müller.example", "jürg@müller.example"),
        ("anna%else.example@muster.example", "anna%else.example@muster.example"),
        ("else.example!anna@muster.example", "else.example!anna@muster.example"),
        ("anna@localhost", "anna@localhost"),
        (f"{'a' * 64}@muster.example", f"{'a' * 64}@muster.example"),
        (f"a@{LONG_DOMAIN}", f"a@{LONG_DOMAIN}"),
    ],
    ids=[
        "plain", "in brackets", "upper case domain", "upper case local part", "trailing dot",
        "tag", "quoted space", "quoted quote and backslash", "quoted at sign", "not ASCII",
        "percent hack", "bang path", "one label", "longest local part", "longest domain",
    ],
)  # fmt: skip
def test_an_address_is_kept_as_it_is_written(text: str, written: str) -> None:
    assert str(Address.parse(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        "", "<>", "<", "anna", "@muster.example", "anna@", "<@relay.example:anna@muster.example>",
        "@relay.example,@two.example:anna@muster.example",
        "<anna@muster.example,bob@there.example>",
        "anna@muster.example, bob@there.example", "anna@muster.example bob@there.example",
        "Anna <anna@muster.example>", "<<anna@muster.example>>", "<anna@muster.example",
        "anna@muster.example>", "anna@@muster.example", "anna keller@muster.example",
        '"anna@muster.example', '"anna"keller@muster.example', r'"anna\"@muster.example',
        "anna@[192.0.2.1]", "anna@[IPv6:2001:db8::1]", "anna@muster..example",
        "anna@.muster.example", "anna@muster.example..", "anna@-muster.example",
        "anna@muster-.example", f"{'a' * 65}@muster.example", f"{'ü' * 33}@muster.example",
        f"anna@{'a' * 64}.example", f"anna@{LONG_DOMAIN}.c", "anna(ceo)@muster.example",
        "anna;bob@muster.example", "group:anna@muster.example;",
    ],
    ids=[
        "nothing", "null path", "half a bracket", "no domain", "no local part", "empty domain",
        "source route", "long source route", "list in brackets", "list", "two", "with a name",
        "nested brackets", "open bracket", "closed bracket", "two at signs", "bare space",
        "open quote", "text after quote", "escaped end quote", "address literal", "IPv6 literal",
        "empty label", "leading dot", "two trailing dots", "leading hyphen", "trailing hyphen",
        "local part of 65", "local part of 66 bytes", "label of 64", "domain of 257", "comment",
        "semicolon", "group",
    ],
)  # fmt: skip
def test_what_is_not_one_address_is_refused_and_never_shortened(text: str) -> None:
    with pytest.raises(BadAddress):
        Address.parse(text)


@pytest.mark.parametrize("char", ["\0", "\r", "\n", "\t", "\x1b", "\x7f"], ids=repr)
@pytest.mark.parametrize(
    "text",
    ["an{}na@muster.example", '"an{}na"@muster.example', "anna@mus{}ter.example"],
    ids=["in local part", "in quotes", "in domain"],
)
def test_a_control_character_is_refused(char: str, text: str) -> None:
    with pytest.raises(BadAddress):
        Address.parse(text.format(char))


@pytest.mark.parametrize(
    "text",
    ["anna@ muster.example", "anna@\r\nmuster.example", "<anna@muster.example\n>"],
    ids=["space", "line end", "line end in brackets"],
)
def test_white_space_inside_is_refused_and_never_dropped(text: str) -> None:
    with pytest.raises(BadAddress):
        Address.parse(text)


@given(st.text(alphabet=string.printable + "ü\x85\0", max_size=40))
def test_whatever_is_taken_is_read_again_as_the_same_address(text: str) -> None:
    try:
        parsed = Address.parse(text)
    except BadAddress:
        return
    assert Address.parse(str(parsed)) == parsed
    assert str(parsed).lower() in text.lower()


def test_the_key_ignores_case_and_the_base_ignores_the_tag() -> None:
    address = Address.parse("Anna+Lists@muster.example")
    assert address.key == "anna+lists@muster.example"
    assert address.base_key == "anna@muster.example"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mail.muster.example:25", ("mail.muster.example", 25)),
        ("127.0.0.1:2526", ("127.0.0.1", 2526)),
        ("[::1]:25", ("::1", 25)),
        (" MAIL.example:25 ", ("mail.example", 25)),
    ],
    ids=["name", "IPv4", "IPv6", "untidy"],
)
def test_a_host_and_port_are_read(text: str, found: tuple[str, int]) -> None:
    assert parse_host_port(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "mail.example", ":25", "mail.example:", "mail.example:0", "mail.example:65536",
        "mail.example:-1", "mail.example:²", "mail example:25", "-oProxy:25", "a:b c:25",
        f"mail.example:{'9' * 5000}",
    ],
    ids=[
        "no port", "no host", "empty port", "port 0", "port too high", "negative port",
        "odd digit", "space", "leading hyphen", "colons, yet no IPv6",
        "more digits than any number has",
    ],
)  # fmt: skip
def test_what_is_not_host_and_port_is_refused(text: str) -> None:
    with pytest.raises(BadName):
        parse_host_port(text)


def test_a_domain_is_read_in_lower_case_without_its_last_dot() -> None:
    assert parse_domain(" Muster.EXAMPLE. ") == "muster.example"
