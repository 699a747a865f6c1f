"""Mail in a script that is not read here: Chinese, Japanese, Korean, Cyrillic, Arabic, Thai.

Whoever does business there lowers the weight in the policy.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.shape import field
from mailstore.envelopes import Symbol
from mailstore.wording import N_

FOREIGN_CHARSET = "FOREIGN_CHARSET"
MOST_PARTS = 10
FOREIGN = (
    "gb2312",
    "gbk",
    "gb18030",
    "big5",
    "ks_c_5601",
    "euc-kr",
    "iso-2022-kr",
    "iso-2022-jp",
    "euc-jp",
    "shift_jis",
    "koi8",
    "windows-1251",
    "windows-874",
    "tis-620",
    "windows-1256",
    "iso-8859-5",
    "iso-8859-6",
)


@rule(
    FOREIGN_CHARSET, weight=2.0, says=N_("It is written in a script that is hardly ever read here.")
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if a text, or the Subject, says such a charset."""
    said = [field(exam.mail, "subject").lower()[:500]]
    for part in exam.mail.parts[:MOST_PARTS]:
        if part.content_type.startswith("text/"):
            said.append(str(part.message.get("Content-Type", "")).lower()[:500])
    for text in said:
        for charset in FOREIGN:
            if f"={charset}" in text.replace('"', "") or f"=?{charset}" in text:
                yield Symbol(FOREIGN_CHARSET, charset)
                return
