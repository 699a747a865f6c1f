import re
from functools import cache
from io import BytesIO

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from mailstore.sandbox import ROOT
from portal.languages import SPOKEN
from portal.mails import CATALOGUES

HOUSE = (ROOT / "babel.cfg").resolve().parent
FOLDER = HOUSE / "templates"
TEMPLATES = {str(path.relative_to(FOLDER)): path for path in sorted(FOLDER.rglob("*.*"))}
JINJA = re.compile(r"(?s)\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}")
HIDDEN = re.compile(r"(?s)<(script|style|kbd)\b.*?</\1>|<!--.*?-->")
TAG = re.compile(r"<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
# Attributes that people read, or have read to them.
READ = re.compile(r"\s(?:alt|aria-label|placeholder|title|summary)=\"([^\"]*)\"")
WORD = re.compile(r"[^\W\d_]{2,}")

Id = str | tuple[str, ...]


def words(template: str) -> list[str]:
    """Return the words that a template shows without asking a catalogue."""
    bare = HIDDEN.sub(" ", JINJA.sub(" ", template))
    texts = [TAG.sub(" ", bare), *READ.findall(bare)]
    return [word for text in texts for word in WORD.findall(text)]


def catalogue(language: str) -> Catalog:
    with (CATALOGUES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def texts(found: Catalog) -> dict[Id, Id]:
    """Return what a catalogue says for each text, by the text in English."""
    return {_id(message.id): _id(message.string) for message in found if message.id}


@cache
def wanted() -> frozenset[Id]:
    """Return the texts that sources and templates ask for."""
    with (HOUSE / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]  # Babel's own
    keywords = DEFAULT_KEYWORDS | parse_keywords(["_l"])
    found = extract_from_dir(HOUSE, methods, options, keywords=keywords)
    return frozenset(_id(text) for _, _, text, _, _ in found)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_word_of_a_template_can_be_translated(name: str) -> None:
    assert words(TEMPLATES[name].read_text()) == []


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>Hello</p>", ["Hello"]), ("<p>{{ _('Hello') }}</p>", []), ("{% if x %}Yes{% endif %}",
        ["Yes"]), ('<img alt="Logo">', ["Logo"]), ('<img alt="{{ _("Logo") }}">', []),
        ('<a title="x > y" href="/quarantine">{{ x }}</a>', []), ("{# Hello #}<!-- Hello -->", []),
        ("<style>p { color: red }</style><kbd>Enter</kbd>", []), ("Hello {{ name }}!", ["Hello"]),
    ],
)  # fmt: skip
def test_a_word_that_nobody_can_translate_would_be_found(template: str, found: list[str]) -> None:
    assert words(template) == found


def test_no_view_tells_people_what_cannot_be_translated() -> None:
    sources = {path: path.read_text() for path in (HOUSE / "portal").rglob("*.py")}
    bare = r"flash\(\s*f?[\"']|abort\(\d+,|description=[\"']"
    assert [str(path) for path, source in sources.items() if re.search(bare, source)] == []


def test_there_is_a_catalogue_for_every_language_that_is_spoken() -> None:
    found = {path.parent.parent.name for path in CATALOGUES.glob("*/LC_MESSAGES/messages.po")}
    assert found == set(SPOKEN)


@pytest.mark.parametrize("language", SPOKEN)
def test_a_catalogue_has_all_texts_and_none_that_nobody_asks_for(language: str) -> None:
    found = texts(catalogue(language)).keys()
    assert wanted() - found == found - wanted() == set()


def test_the_collected_texts_are_those_of_the_sources() -> None:
    with (CATALOGUES / "messages.pot").open("rb") as file:
        assert texts(read_po(file)).keys() == wanted()


@pytest.mark.parametrize("language", SPOKEN)
def test_no_text_is_missing_or_uncertain(language: str) -> None:
    found = catalogue(language)
    assert [key for key, text in texts(found).items() if not all(_forms(text))] == []
    assert [message.id for message in found if message.id and message.fuzzy] == []
    assert list(found.obsolete) == []


@pytest.mark.parametrize("language", SPOKEN)
def test_a_text_has_the_same_gaps_in_every_language(language: str) -> None:
    found = catalogue(language)
    assert [str(error) for _, errors in found.check() for error in errors] == []
    gaps = re.compile(r"%\(\w+\)\w")
    assert [key for key, text in texts(found).items()
            if set(gaps.findall(_last(key))) != set(gaps.findall(_last(text)))] == []  # fmt: skip


def test_the_german_is_not_the_english() -> None:
    same = {key for key, text in texts(catalogue("de")).items() if key == text}
    assert same <= {"Administration", "Demo", "Domains", "Logo", "Name"}


@pytest.mark.parametrize("language", SPOKEN)
def test_what_pages_read_is_compiled_from_what_people_wrote(language: str) -> None:
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    with (CATALOGUES / language / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        assert texts(read_mo(file)) == texts(read_mo(compiled))


def _id(text: Id | list[str] | None) -> Id:
    return text if isinstance(text, str) else tuple(text or ())


def _forms(text: Id) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text or ("",)


def _last(text: Id) -> str:
    return _forms(text)[-1]
