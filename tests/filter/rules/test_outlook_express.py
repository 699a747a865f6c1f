import pytest

from tests.filter.exams import an_exam, found

PROGRAM = "Microsoft Outlook Express 6.00.2900.5512"


@pytest.mark.parametrize(
    ("head", "named"),
    [
        (f"Subject: Offerte Gerüst\nX-Mailer: {PROGRAM}\n", PROGRAM),
        (f"Subject: Cheap pills\nX-MAILER: {PROGRAM.upper()}\n", PROGRAM.upper()),
        (f"Subject: Hello\nUser-Agent: {PROGRAM}\n", PROGRAM),
        ("Subject: Hallo\nX-Mailer:\n Microsoft\n Outlook Express\n", "Microsoft Outlook Express"),
        ("Subject: Alt\nX-Mailer : Outlook Express 6.00\n", "Outlook Express 6.00"),
        (
            "Subject: Mac\nX-Newsreader: Microsoft-Outlook-Express-Macintosh-Edition/5\n",
            "Microsoft-Outlook-Express-Macintosh-Edition/5",
        ),
        (f"Subject: Two\nX-Mailer: Mutt\nX-Mailer: {PROGRAM}\n", PROGRAM),
    ],
    ids=[
        "German",
        "English in capitals",
        "user agent",
        "folded",
        "blank before the colon",
        "Macintosh",
        "second field",
    ],
)
def test_mail_written_with_outlook_express_is_found(head: str, named: str) -> None:
    (seen,) = found("CMR-HDR-OE-EOL", an_exam(head + "\nText\n"))
    assert " ".join(seen.split()) == named


@pytest.mark.parametrize(
    "head",
    [
        "Subject: Termin\nX-Mailer: Microsoft Outlook 16.0\n",
        "Subject: Hi\nX-Mailer: Microsoft Outlook Expressive 1\n",
        "Subject: Microsoft Outlook Express\n",
        "Subject: Ohne\n",
    ],
    ids=["Outlook", "name goes on", "only talked about", "no program named"],
)
def test_other_programs_pass(head: str) -> None:
    text = f"\nX-Mailer: {PROGRAM}\n"
    assert found("CMR-HDR-OE-EOL", an_exam(head + text)) == []
