import base64

import pytest

from filter.rules.gtube import TEST_STRING
from tests.filter.exams import an_exam, found

GTUBE = TEST_STRING.decode()
ENCODED = base64.b64encode(f"Kaufen Sie jetzt!\n{GTUBE}\n".encode()).decode()
BASE64 = f"""
Subject: Nur heute
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

{ENCODED}
"""


@pytest.mark.parametrize(
    "mail",
    [
        f"Subject: Gewinn\n\nSie haben gewonnen! {GTUBE}\n",
        f"Subject: You won\n\n{GTUBE}\n",
        BASE64,
        f"Subject: {GTUBE}\n\nHallo\n",
    ],
    ids=["German", "English", "encoded", "in a header"],
)
def test_the_test_string_for_spam_is_found(mail: str) -> None:
    assert found("GTUBE", an_exam(mail)) == [""]


@pytest.mark.parametrize(
    "mail",
    [
        f"Subject: Fast\n\n{GTUBE[1:]}\n",
        "Subject: Filter prüfen\n\nNehmen Sie dazu GTUBE.\n",
        f"Subject: Test\n\n{GTUBE.lower()}\n",
    ],
    ids=["one character short", "German talk of it", "lower case"],
)
def test_what_only_resembles_the_test_string_is_no_spam(mail: str) -> None:
    assert found("GTUBE", an_exam(mail)) == []
