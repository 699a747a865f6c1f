"""Each hostile mail, opened page by page in the emergency webmail: none is ever too much."""

import re
import zipfile
from collections.abc import Iterator
from html import unescape
from io import BytesIO

import pytest
from flask.testing import FlaskClient

from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.corpus.complicated import COMPLICATED
from tests.corpus.crashing import CRASHING
from tests.corpus.deceiving import DECEIVING, TURNS
from tests.corpus.way import canonical
from tests.portal.mails import stored

FILES = ("/source", "/mail.eml", "/attachments.zip")
PAGES = ("/body", "/print", *FILES)
_FILE = re.compile(r'href="([^"]*/attachments/[^"]*)"')

pytestmark = pytest.mark.parametrize("rows", ["sqlite"], indirect=True)


def opened(
    browser: FlaskClient, path: str, pages: tuple[str, ...]
) -> Iterator[tuple[str, int, str]]:
    """Yield path, answer and file name of each page of a mail, and of each of its files."""
    look = browser.get(path)
    yield path, look.status_code, ""
    files = [unescape(found) for found in _FILE.findall(look.text)]
    for each in [*(f"{path}{page}" for page in pages), *files]:
        answer = browser.get(each, buffered=True)
        yield each, answer.status_code, answer.headers.get("Content-Disposition", "")


@pytest.mark.parametrize(
    ("corpus", "pages"),
    # What HTML may cost is measured where those mails go the whole way.
    [(CRASHING, PAGES), (DECEIVING, PAGES), (COMPLICATED, FILES)],
    ids=["crashing", "deceiving", "complicated"],
)
def test_each_page_of_a_hostile_mail_and_each_of_its_files_is_there(
    browser: FlaskClient,
    store: Store,
    anna: Mailbox,
    corpus: dict[str, bytes],
    pages: tuple[str, ...],
    subtests: pytest.Subtests,
) -> None:
    for name, raw in corpus.items():
        with subtests.test(name):
            path = f"/webmail/m/{stored(store, anna, canonical(raw)).id}"
            for each, status, said in opened(browser, path, pages):
                assert (each, status) == (each, 200)
                assert not TURNS & set(said)
    assert browser.get("/webmail/").status_code == 200


def test_hostile_mails_are_saved_together_each_as_it_came(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    raws = [canonical(raw) for raw in (CRASHING | DECEIVING).values()]
    copies = [stored(store, anna, raw) for raw in raws]
    answer = browser.get(
        "/webmail/mails.zip", query_string={"m": [each.id for each in copies]}, buffered=True
    )
    with zipfile.ZipFile(BytesIO(answer.data)) as archive:
        names = archive.namelist()
        assert sorted(map(archive.read, names)) == sorted(raws)
    assert len({name.casefold() for name in names}) == len(raws)
    assert not [name for name in names if re.search(r"[/\\\x00-\x1f]", name) or name[0] == "."]
