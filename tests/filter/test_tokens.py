import secrets
import time

import pytest

from filter.tokens import MOST_TOKENS, tokens, tokens_of
from mailstore.mime import Mail
from tests.filter.exams import raw_mail

KEY = b"k" * 32
HEAD = "From: Bob <bob@there.example>\nTo: anna@muster.example\nSubject: Plans\n"
GERMAN = HEAD + "\nGünstige Kredite ohne Schufa, sofort ausbezahlt!\n"
ENGLISH = HEAD + "\nCheap loans without any check, paid out at once!\n"
LONG = 2**16


def made(text: str, key: bytes = KEY) -> list[int]:
    return tokens_of(Mail(raw_mail(text)), key)


def shared(one: str, other: str) -> set[int]:
    return set(made(one)) & set(made(other))


@pytest.mark.parametrize("mail", [GERMAN, ENGLISH], ids=["German", "English"])
def test_the_same_mail_has_the_same_tokens_each_once(mail: str) -> None:
    assert made(mail) == made(mail)
    assert len(set(made(mail))) == len(made(mail))
    assert all(-(2**63) <= token < 2**63 for token in made(mail))


def test_words_are_told_apart() -> None:
    both = made(HEAD + "\n")
    assert len(shared(GERMAN, ENGLISH)) < len(both) + 3
    assert len(set(made(GERMAN)) - set(made(ENGLISH))) >= 8


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Günstige KREDITE", "günstige kredite"),
        ("Pay 100 dollars", "Pay 250 dollars"),
        ("Ｌｏａｎｓ now", "loans now"),  # noqa: RUF001 (wide letters are the point)
    ],
    ids=["capitals", "numbers", "wide letters"],
)
def test_words_that_read_alike_are_one_token(one: str, other: str) -> None:
    assert made(f"{HEAD}\n{one}\n") == made(f"{HEAD}\n{other}\n")


def test_another_key_gives_other_tokens() -> None:
    assert not set(made(GERMAN)) & set(made(GERMAN, b"x" * 32))


@pytest.mark.parametrize(
    "field",
    ["To: somebody.else@muster.example", "Cc: x@y.example", "Bcc: z@y.example"],
)
def test_who_gets_a_mail_changes_no_token_but_that_the_field_is_there(field: str) -> None:
    name, _, _ = field.partition(":")
    one = f"{field}\nFrom: bob@there.example\n\nHello there\n"
    other = f"{name}: beat@hafenbau.example\nFrom: bob@there.example\n\nHello there\n"
    assert made(one) == made(other)


@pytest.mark.parametrize(
    "field",
    ["Received: by mx", "Return-Path: <x@y.example>", "X-Spam-Status: Yes", "Delivered-To: a@b.c",
     "X-Mailhafen-Class: spam", "Authentication-Results: mx; spf=pass"],
)  # fmt: skip
def test_what_a_mailbox_adds_changes_nothing(field: str) -> None:
    assert made(f"{field}\n{GERMAN}") == made(GERMAN)


def test_html_is_read_as_its_words_its_tags_and_where_it_links_to() -> None:
    page = (
        "<style>p{color:red}</style><p>Cheap <b>loans</b> <a href='http://Bad.Example/x'>here</a>"
    )
    html = f"{HEAD}Content-Type: text/html\n\n{page}\n"
    plain = f"{HEAD}\nCheap loans here http://bad.example\n"
    assert len(shared(html, plain) - set(made(HEAD + "\n"))) >= 6
    assert made(html) == made(html.replace("color:red", "background:blue"))


def test_the_number_of_tokens_is_bounded() -> None:
    words = " ".join(secrets.token_hex(5) for _ in range(5000))
    assert len(made(f"{HEAD}\n{words}\n")) == MOST_TOKENS


@pytest.mark.parametrize(
    "hostile",
    ["<" * LONG, "http://" * (LONG // 7), "www." * (LONG // 4), "a-" * (LONG // 2), "'" * LONG,
     "0" * LONG, "<style" * (LONG // 6), "\ufdfa" * LONG, "$" * LONG, "http://" + "." * LONG],
    ids=["tags", "links", "www", "hyphens", "quotes", "digits", "styles", "ligatures", "money",
         "dots"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_hostile_text_takes_no_time(hostile: str, kind: str) -> None:
    mail = Mail(raw_mail(f"Subject: {hostile}\nContent-Type: text/{kind}\n\n{hostile}\n"))
    begun = time.process_time()
    assert len(tokens_of(mail, KEY)) <= MOST_TOKENS
    assert time.process_time() - begun < 0.1


@pytest.mark.parametrize(
    "raw",
    [b"", b"\r\n\r\n", b"\0\xff\r\n", b"From: <\r\nSubject: =?x?q?=FF?=\r\n\r\n\xff\xfe"],
    ids=["empty", "no header", "no mail", "broken header"],
)
def test_bad_content_never_fails(raw: bytes) -> None:
    said = tokens({"key": KEY.hex()}, raw, lambda _: None)
    assert len(said) <= MOST_TOKENS
