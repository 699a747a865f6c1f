import json
import subprocess
import sys

import pytest

from filter.supervisor import FROM_COMMAND
from mailstore.sandbox import ROOT

RELAY = "import click, wsgi; assert wsgi.app.cli.get_command(click.Context(wsgi.app.cli), 'relay')"
CHILDREN = ("filter.reading", "filter.tokens", "mailstore.search.reading",
            "mailstore.moving.reading", "portal.content.rendering")  # fmt: skip
ASKED = "; import json, sys; print(json.dumps(sorted(sys.modules)))"


def imported(statement: str) -> set[str]:
    """Return all modules, and the packages they are in, that a statement loads."""
    done = subprocess.run(  # noqa: S603 (our own)
        [sys.executable, "-c", statement + ASKED],
        cwd=ROOT,
        env={FROM_COMMAND: "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout))


def test_the_relay_loads_nothing_of_the_portal() -> None:
    found = imported(RELAY)
    assert "filter.server" in found
    assert not {name for name in found if name.partition(".")[0] == "portal"}
    assert not found & {"flask_wtf", "flask_login", "flask_babel", "nh3", "bleach"}


@pytest.mark.parametrize("child", CHILDREN)
def test_a_child_that_reads_for_others_loads_only_what_it_needs(child: str) -> None:
    found = imported(f"import mailstore.sandbox_child, {child}")
    heavy = {"sqlalchemy", "pydantic", "structlog", "flask", "aiosmtpd", "uvloop", "cryptography"}
    assert not found & heavy
    assert not found & {"mailstore.store", "mailstore.settings", "mailstore.db", "wsgi"}


def test_a_line_of_the_log_is_written_in_one_piece_with_its_end() -> None:
    # Several relay processes share one file, and nothing of another may come in between.
    said = (
        "import sys; said = []; "
        "sys.stderr = type('', (), {'write': said.append, 'flush': lambda: 0}); "
        "import wsgi, structlog; structlog.get_logger().info('x'); "
        "print([text.count('\\n') for text in said])"
    )
    done = subprocess.run(  # noqa: S603 (our own)
        [sys.executable, "-c", said],
        cwd=ROOT,
        env={FROM_COMMAND: "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[1]\n"
