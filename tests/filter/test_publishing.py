"""The record that our own mail is checked with, as `flask dkim` prints and compares it."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from filter.publishing import compared, dkim_record, value_of
from mailstore import schema
from mailstore.settings import Settings
from tests.factories import as_environment
from tests.filter.names import FakeDNS

NAME = "mailhafen._domainkey.mx.mailhafen.test"


@pytest.fixture
def ready(settings: Settings) -> Settings:
    schema.write_secrets(settings)
    return settings


def run(settings: Settings, *words: str, **more: str) -> Result:
    env = as_environment(settings) | {"MAILHAFEN_HOSTNAME": settings.hostname} | more
    return CliRunner(env=env).invoke(dkim_record, words)


def checked(settings: Settings, names: FakeDNS) -> Result:
    return run(settings, "--check", MAILHAFEN_DNS_SERVERS=f"127.0.0.1:{names.port}")


def test_the_printed_record_is_what_the_check_wants(ready: Settings, names: FakeDNS) -> None:
    done = run(ready)
    value = done.output.partition("Value  ")[2].strip()
    strings = re.findall(r'"([^"]*)"', value)
    assert f"Name   {NAME}\n" in done.output
    assert max(map(len, strings)) <= 255
    assert "".join(strings) == value_of(ready)
    names.records["TXT", NAME] = [value]
    again = checked(ready, names)
    assert (again.exit_code, "fits" in again.output) == (0, True)


def test_a_record_that_nobody_published_is_missed(ready: Settings, names: FakeDNS) -> None:
    done = checked(ready, names)
    assert (done.exit_code, "no such record yet" in done.output) == (1, True)


@pytest.mark.parametrize(
    ("records", "said"),
    [
        (None, "No name server"),
        ([["v=DKIM1; p=AAAA"]], "another key"),
        ([["v=DKIM1; k=ed25519; p=KEY"]], "another key"),
        ([["v=DKIM1; p="]], "revoked"),
        ([["v=DKIM1; p=KEY"], ["v=DKIM1; p=AAAA"]], "several"),
        ([["v=DKIM1;p=KE", "Y; t=s"]], "fits"),
        ([["p=K E\tY"]], "fits"),
    ],
    ids=["silence", "other key", "other kind", "revoked", "two", "other strings", "with blanks"],
)
def test_a_record_is_compared_by_what_it_means(records: list[list[str]] | None, said: str) -> None:
    assert said in compared(records, "v=DKIM1; k=rsa; p=KEY")


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN X-----\n"])
def test_without_a_key_a_sentence_says_what_to_do(
    settings: Settings, tmp_path: Path, content: bytes | None
) -> None:
    key = tmp_path / "own.pem"
    if content is not None:
        key.write_bytes(content)
    done = run(settings, MAILHAFEN_DKIM_KEY=str(key))
    assert (done.exit_code, str(key) in done.output) == (2, True)
