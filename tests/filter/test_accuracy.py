from pathlib import Path

import pytest

from bench.accuracy import hits_as_toml, symbol_hits
from bench.corpus import HAM, SPAM, Judged, as_smtp, read
from bench.judges import Opinion, Ours
from bench.training import opinions_in_folds

MAIL = b"Return-Path: <a@b.example>\nSubject: x\n\nHallo\n"


@pytest.mark.parametrize(
    "raw",
    [MAIL, MAIL.replace(b"\n", b"\r\n"), b"From a@b.example Mon Nov 23 2026\n" + MAIL],
    ids=["plain", "CRLF", "from an mbox"],
)
def test_a_mail_of_a_corpus_is_as_smtp_would_bring_it(raw: bytes) -> None:
    assert as_smtp(raw) == MAIL.replace(b"\n", b"\r\n")


def test_a_folder_gives_its_mails_with_their_label_and_sender(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_bytes(MAIL)
    (tmp_path / "1.json").write_text("{}")
    (mail,) = read([tmp_path], HAM)
    assert (mail.label, mail.sender) == (HAM, "a@b.example")


def test_how_often_a_symbol_hits_is_counted_by_label() -> None:
    ham, spam = (Judged(Path(label), label, MAIL) for label in (HAM, SPAM))
    opinions = [Opinion(ham, 1, ("A",), 1.0), Opinion(spam, 5, ("A", "B", "A"), 1.0)]
    assert symbol_hits(opinions) == {"A": (1, 1), "B": (0, 1)}
    assert '"B" = [0, 1]' in hits_as_toml(opinions)


def test_we_judge_mail_as_the_relay_does_and_count_mandatory_refusals_apart() -> None:
    refused = MAIL.replace(b"Subject", b"X-Mailer: Microsoft Outlook Express 6\nSubject")
    mails = [Judged(Path("a"), HAM, as_smtp(MAIL)), Judged(Path("b"), SPAM, as_smtp(refused))]
    first, second = Ours().opinions(mails)
    assert (first.refused, second.refused) == (False, True)
    assert first.score < 5


def test_mail_that_was_no_lesson_is_judged_by_what_was_taught(tmp_path: Path) -> None:
    words = {HAM: "Protokoll der Sitzung vom Dienstag", SPAM: "Billige Pillen ohne Rezept kaufen"}
    mails = []
    for label in (HAM, SPAM):
        for number in range(201):
            path = tmp_path / f"{label}{number}"
            path.write_text(
                f"From: a@b.example\nSubject: {words[label]}\n\n{words[label]} {number}\n"
            )
            mails.append(Judged(path, label, as_smtp(path.read_bytes())))
    (ham, spam) = opinions_in_folds(mails, folds=1, lessons=200)
    assert (ham.mail.label, spam.mail.label) == (HAM, SPAM)
    assert "BAYES_01" in ham.symbols
    assert "BAYES_99" in spam.symbols
