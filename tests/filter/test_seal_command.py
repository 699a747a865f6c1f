import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from filter.cli import seal
from mailstore.domains import Domain
from mailstore.store import Store
from tests.factories import as_environment
from tests.filter.sink import Sink

DOMAIN = "muster.example"


def run(store: Store, *words: str) -> Result:
    return CliRunner(env=as_environment(store.settings)).invoke(seal, words)


@pytest.mark.usefixtures("hop")
def test_an_operator_switches_the_seal_of_a_domain(store: Store) -> None:
    for words, expected in (((DOMAIN,), True), (("Muster.Example.", "--off"), False)):
        assert run(store, *words).exit_code == 0
        with store.read() as db:
            found = db.scalar(select(Domain.arc_seal).where(Domain.name == DOMAIN))
        assert found is expected


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((DOMAIN, "--off"), "Nothing to change"),
        (("nowhere.example",), "Nothing to change"),
        (("a b",), "is not a domain name"),
    ],
    ids=["off already", "not ours", "no domain"],
)
def test_a_switch_that_changes_nothing_says_so(
    hop: Sink, store: Store, words: tuple[str, ...], sentence: str
) -> None:
    done = run(store, *words)
    assert (done.exit_code, sentence in done.output) == (2, True)
