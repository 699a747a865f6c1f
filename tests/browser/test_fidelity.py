import re
from collections.abc import Callable

import pytest

from bench import fidelity
from portal.content import reading, rendering
from tests.portal.mails import FOLDER, SAMPLES, html_mail

ASKED = {"links": True, "remote": False, "seconds": 10.0}
LOOK = """() => ["backgroundColor", "color", "marginLeft"]
  .map((name) => getComputedStyle(document.body)[name])"""

NEWSLETTERS = [name for name, raw in SAMPLES.items() if b"text/html" in raw.lower()]


@pytest.fixture(autouse=True)
def _chromium(needs: Callable[[str], str]) -> None:
    needs("chromium")


def test_newsletters_look_as_they_were_sent(subtests: pytest.Subtests) -> None:
    assert len(NEWSLETTERS) >= 8
    with fidelity.a_page() as page:
        for name in NEWSLETTERS:
            with subtests.test(name):
                compared = fidelity.compare(page, name, SAMPLES[name])
                assert compared
                assert compared.kept >= 0.98 * compared.words > 0
                assert compared.is_near


def test_the_bench_says_what_is_left_of_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert fidelity.main(["--mail", str(FOLDER), "--worst", "1"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"words left: 9[89]\.\d+%|words left: 100", said)
    assert re.search(r"height within a tenth: (9\d|100)\.\d%", said)


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("bgcolor=#102030 text=white", ["rgb(16, 32, 48)", "rgb(255, 255, 255)", "8px"]),
        ("bgcolor=silver leftmargin=0", ["rgb(192, 192, 192)", "rgb(0, 0, 0)", "0px"]),
        ("class=x", ["rgb(1, 2, 3)", "rgb(0, 0, 0)", "4px"]),
    ],
    ids=["colours", "margin", "rule"],
)
def test_the_body_of_a_mail_looks_as_it_says(body: str, seen: list[str]) -> None:
    rule = "<style>.x{background:#010203;margin:4px}</style>"
    said = rendering.body(ASKED, html_mail(f"{rule}<body {body}>x</body>"), lambda _: None)
    with fidelity.a_page() as page:
        page.set_content(reading.document(said, links=True))
        assert page.evaluate(LOOK) == seen
