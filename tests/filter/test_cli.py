import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from filter.cli import examine
from filter.rules import gtube
from filter.worker import JOBS
from mailstore.jobs import REGISTRY
from mailstore.settings import PREFIX
from tests.factories import RAW

DECISION = "           -- decision"


@pytest.fixture
def spam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(f"{PREFIX}DATA_DIR", str(tmp_path / "data"))
    file = tmp_path / "spam.eml"
    file.write_bytes(RAW + gtube.TEST_STRING + b"\r\n")
    return file


def run(*args: str) -> Result:
    return CliRunner().invoke(examine, args)


def test_examine_says_what_a_mail_is_and_why(spam: Path) -> None:
    first, *lines = run(str(spam)).output.splitlines()
    assert first.startswith(f"{spam}: quarantine (spam, 100")
    symbols, decision = lines[: lines.index(DECISION)], lines[lines.index(DECISION) :]
    assert {line.split()[1] for line in symbols} >= {"GTUBE", "MISSING_DATE"}
    assert decision[1].strip() == "mandatory rule: none"
    assert decision[-1].strip().endswith("of 5.0 → quarantine")


def test_examine_says_it_to_programs_too(spam: Path) -> None:
    lines = run("--json", str(spam), str(spam)).output.splitlines()
    assert [json.loads(line)["class"] for line in lines] == ["spam", "spam"]


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--mail-from=bob", "'bob' is not a mail address."),
        ("--rcpt=anna@muster.example", "run `flask setup` first."),
    ],
    ids=["bad address", "no data"],
)
def test_examine_explains_what_it_cannot_do(spam: Path, option: str, sentence: str) -> None:
    done = run(option, str(spam))
    assert done.exit_code == 2
    assert sentence in done.output


def test_the_worker_knows_the_jobs_of_this_side() -> None:
    assert {job.__name__ for job in JOBS} <= set(REGISTRY)
