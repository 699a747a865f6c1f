"""No regular expression may take long, whatever a mail contains."""

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator

import pytest

import filter as package
from mailstore import charsets, filenames, mime

Expression = re.Pattern[str] | re.Pattern[bytes]

SIZE = 64 * 1024
SECONDS = 0.1
PIECES = [
    "a", " ", "\t", "\n", "\r\n ", "=", "=?", "?=", "<", "<a ", "<a href=", ">", "&", "%", "@", ".",
    "-", "_", "'", '"', "\\", "(", ")", ";", ":", "/", "//", "http://", "www.", "www.a.", "a.",
    "a-",
    "a@", "name", "name*0", "name = ", 'name="', "filename*", "boundary", "boundary ", "begin 644 ",
    "begin 644 a\n", "content-type", "content-type: ", "type = ", "on", "onload ", "password ", "0",
    "0.", "1,", "1'", "$", "€", "!", "?", "*", "A", "ä", "\u200d", "\u202e", "\ud83d", "\0", "\x7f",
    "\x85\0\x08\0", "free ", "click here ", "IBAN ", "from ", "x-", "xn--", "xn--a.", "http-equiv ",
]  # fmt: skip


def modules() -> Iterator[object]:
    yield from (charsets, filenames, mime)
    for each in pkgutil.walk_packages(package.__path__, "filter."):
        yield importlib.import_module(each.name)


def expressions() -> dict[str, Expression]:
    """Return every expression that a module, or a collection of a module, holds."""
    found: dict[tuple[str | bytes, int], tuple[str, Expression]] = {}
    for module in modules():
        for name, value in vars(module).items():
            for number, each in enumerate(_patterns(value)):
                where = f"{getattr(module, '__name__', '')}.{name}.{number}"
                found.setdefault((each.pattern, each.flags), (where, each))
    return dict(found.values())


def _patterns(value: object) -> list[Expression]:
    if isinstance(value, re.Pattern):
        return [value]
    if isinstance(value, dict):
        return [each for inner in (*value, *value.values()) for each in _patterns(inner)]
    if isinstance(value, list | tuple | set | frozenset):
        return [each for inner in value for each in _patterns(inner)]
    return []


EXPRESSIONS = expressions()


def hostile() -> Iterator[str]:
    """Yield long repetitions, alone and with an end that nothing matches."""
    for piece in PIECES:
        text = piece * (SIZE // len(piece))
        yield text
        yield text[: SIZE - 1] + "\x01"


TEXTS = list(hostile())


def run(expression: Expression, text: str, raw: bytes) -> None:
    """Look for every match, as most callers do, and match from the beginning."""
    if isinstance(expression.pattern, bytes):
        of_bytes: re.Pattern[bytes] = re.compile(expression.pattern, expression.flags)
        of_bytes.match(raw)
        for _ in of_bytes.finditer(raw):
            pass
        return
    of_text: re.Pattern[str] = re.compile(expression.pattern, expression.flags)
    of_text.fullmatch(text)
    for _ in of_text.finditer(text):
        pass


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_no_expression_takes_long_on_hostile_text(name: str) -> None:
    slow = next((text[:20] for text in TEXTS if is_slow(EXPRESSIONS[name], text)), None)
    assert slow is None


def is_slow(expression: Expression, text: str) -> bool:
    """Return whether it takes too long; a sixteenth first, which a slow one never gets beyond."""
    for part in (text[: SIZE // 16], text):
        raw = part.encode("utf-8", "surrogatepass")[:SIZE]
        begun = time.process_time()
        run(expression, part, raw)
        if time.process_time() - begun > SECONDS * (0.25 + 0.75 * (part is text)):
            return True
    return False


def test_the_expressions_of_rules_are_among_them() -> None:
    assert any(name.startswith("filter.rules.") for name in EXPRESSIONS)
    assert any(name.startswith("mailstore.charsets.") for name in EXPRESSIONS)
