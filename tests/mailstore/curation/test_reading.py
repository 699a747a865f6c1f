import pytest

from mailstore.curation import reading
from mailstore.curation.findings import Unusable
from mailstore.senders import Listed

A, B = Listed.ALLOWED, Listed.BLOCKED


def wants(text: str) -> list[tuple[str, str]]:
    """Return list and pattern of each line that can be used."""
    found = [each.wish for each in reading.read(text, A) if each.wish]
    return [(each.listed, each.pattern) for each in found]


def whys(text: str) -> list[Unusable]:
    return [each.why for each in reading.read(text, A) if each.why]


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("bob@there.example", "bob@there.example"), ("There.Example", "there.example"),
        ("@there.example", "there.example"), ("*@there.example", "there.example"),
        (".there.example", "there.example"), ("*.there.example", "there.example"),
        ("*@*.there.example", "there.example"), ("From:there.example", "there.example"),
        ("Bob <bob@there.example>", "bob@there.example"), ("'bob@there.example'",
        "bob@there.example"), ("fab.de", "fab.de"), ("  bob@there.example # since May",
        "bob@there.example"), ("bounce-#@there.example", "bounce-#@there.example"),
    ],
)  # fmt: skip
def test_addresses_and_domains_are_read_as_other_filters_write_them(
    text: str, pattern: str
) -> None:
    assert wants(text) == [(A, pattern)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a.example OK\nb.example\tREJECT\nc.example 550 no, thanks\nd.example RELAY",
         [(A, "a.example"), (B, "b.example"), (B, "c.example"), (A, "d.example")]),
        ("whitelist_from *@a.example bob@b.example\nblacklist_from c.example\n"
         "welcomelist_from_rcvd d.example mx.d.example",
         [(A, "a.example"), (A, "bob@b.example"), (B, "c.example"), (A, "d.example")]),
        ("Action;Adresse\nreject;a.example\nallow;b.example", [(B, "a.example"), (A, "b.example")]),
        ("E-Mail\na.example\nb.example", [(A, "a.example"), (A, "b.example")]),
        ("a.example,Block\n\"Bob, our friend\",bob@b.example", [(B, "a.example"),
         (A, "bob@b.example")]),
        ("\ufeffowner;list;sender;proof;expires\nx@y.example;blocked;'+1@a.example;any;2027-01-31",
         [(B, "+1@a.example")]),
        ("# all of it\n; is\n\n#example.com\n", []), ("", []),
    ],
    ids=["access map", "SpamAssassin", "columns", "one column", "rows", "ours", "comments", "none"],
)  # fmt: skip
def test_files_of_all_kinds_are_read(text: str, found: list[tuple[str, str]]) -> None:
    assert wants(text) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("192.0.2.7", Unusable.NETWORK), ("192.0.2.0/24 OK", Unusable.NETWORK),
        ("192.0.2", Unusable.NETWORK), ("2001:db8::/32", Unusable.NETWORK),
        ("/.*@a\\.example/ REJECT", Unusable.EXPRESSION), ("^bob@", Unusable.EXPRESSION),
        ("news*@a.example", Unusable.WILDCARD), ("bob@*.example", Unusable.WILDCARD),
        ("*.ch", Unusable.EVERYBODY), ("*@*.ch", Unusable.EVERYBODY), (".ch",
        Unusable.EVERYBODY), ("ch", Unusable.UNREADABLE), ("bob@", Unusable.UNREADABLE),
        ("a.example HOLD", Unusable.DEED), ("unwhitelist_from a@a.example", Unusable.DEED),
        ("sender,proof\na.example,magic", Unusable.PROOF),
        ("sender,expires\na.example,soon", Unusable.END),
    ],
)  # fmt: skip
def test_what_can_be_no_entry_is_named_with_its_reason(text: str, why: Unusable) -> None:
    assert (wants(text), whys(text)) == ([], [why])


def test_whoever_means_domains_below_is_understood() -> None:
    found = reading.read(".a.example\n*.b.example\n*@c.example", A)
    assert [each.below for each in found] == [True, True, False]


def test_lines_keep_their_number_and_their_text() -> None:
    (found,) = reading.read("\n# no\n*@a.example  OK", B)
    assert (found.number, found.text) == (3, "*@a.example  OK")


def test_more_entries_than_anybody_looks_through_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "MOST_LINES", 2)
    assert len(wants("a.example\nb.example")) == 2
    with pytest.raises(reading.TooManyEntries):
        reading.read("a.example\nb.example\nc.example", A)


@pytest.mark.parametrize(
    "text", ["\0" * 9, "x" * 200_000, '"' * 99, "\u2028", "a;b;c\n" * 3, "<>", ",,,,", "@", "*"]
)
def test_nothing_that_is_no_list_breaks_the_reading(text: str) -> None:
    assert wants(text) == []
