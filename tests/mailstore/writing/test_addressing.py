import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstore.addresses import Address
from mailstore.errors import BadName
from mailstore.texts import single
from mailstore.writing import addressing
from mailstore.writing.addressing import LONGEST_NAME, Named

BOB = Address("bob", "there.example")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("bob@there.example", [""]),
        ("Bob <bob@there.example>", ["Bob"]),
        ('"Muster, Bob" <bob@there.example>', ["Muster, Bob"]),
        (r'"B\"ob\\" <bob@there.example>', ['B"ob\\']),
        ("<bob@there.example>", [""]),
        ("bob@there.example; Eve <eve@a.example>\r\nMax <max@a.example>,,", ["", "Eve", "Max"]),
        ("bob@there.example, Bob <BOB@there.example>", [""]),
        ("Bob  Zürich\t<bob@there.example>", ["Bob  Zürich"]),
    ],
    ids=["bare", "named", "comma in quotes", "quotes in quotes", "brackets", "several", "twice",
         "spaces"],
)  # fmt: skip
def test_addresses_are_read_as_people_type_them(text: str, names: list[str]) -> None:
    typed = addressing.read(text)
    assert [each.name for each in typed.found] == names
    assert typed.found[0].address == BOB
    assert typed.wrong == ()


@pytest.mark.parametrize(
    "text",
    ["Bob", "bob@", "bob@there.example bcc:eve@there.example", "Bob <bob@there.example",
     "Bob <bob@there.example> Eve", "bob\0@there.example", "B\u2028ob\u202e <bob@there.example>",
     "b@b@there.example"],
    ids=["a name", "half", "another field", "open", "something behind", "NUL", "turned",
         "two signs"],
)  # fmt: skip
def test_what_is_no_address_is_given_back(text: str) -> None:
    typed = addressing.read(text)
    assert typed.found == ()
    assert typed.wrong


@given(st.text(max_size=LONGEST_NAME))
def test_what_is_written_is_read_again(name: str) -> None:
    try:
        shown = single(name, LONGEST_NAME)
    except BadName:
        return
    people = (Named(shown, BOB), Named("", Address("eve", "there.example")))
    assert addressing.read(addressing.written(people)).found == people


@given(st.text(alphabet='ab@.<>",;\\ \n', max_size=60))
def test_nothing_that_is_typed_is_lost(text: str) -> None:
    typed = addressing.read(text)
    shown = " ".join([*map(str, typed.found), *typed.wrong])
    assert set("ab") & set(text) <= set(shown)


@pytest.mark.parametrize(
    "text",
    ['"a\\' * 20_000, "a" + " " * 60_000 + "b", "<" * 60_000, '"' * 60_001],
    ids=["quotes", "spaces", "brackets", "open"],
)
def test_no_text_takes_long(text: str) -> None:
    begun = time.process_time()
    addressing.read(text)
    assert time.process_time() - begun < 1
