import pytest

from tests.filter.attached.packed import a_locked_zip, a_zip, with_file
from tests.filter.exams import an_exam, found

LOCKED = a_locked_zip()
OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")


@pytest.mark.parametrize(
    ("name", "content"),
    [("Rechnung.zip", LOCKED), ("contract.docx", OFFICE)],
    ids=["German archive", "English document"],
)
def test_what_opens_with_a_password_only_is_found(name: str, content: bytes) -> None:
    assert found("ENCRYPTED_ATTACHMENT", an_exam(with_file(name, content))) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "Das Passwort lautet: 1234",
        "Passwort: Ab12!",
        "Password: 4321",
        "The password is kitten",
        "Mot de passe : soleil",
        "La password è gatto",
    ],
    ids=["German", "German colon", "English", "English sentence", "French", "Italian"],
)
def test_a_password_in_the_same_mail_is_found(text: str) -> None:
    exam = an_exam(with_file("a.zip", LOCKED, text=text))
    assert len(found("PASSWORD_BESIDE_ATTACHMENT", exam)) == 1


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("Das Passwort sende ich Ihnen per SMS.", LOCKED),
        ("I will call you with the password.", LOCKED),
        ("Das Passwort lautet: 1234", a_zip({"a": b"x"})),
    ],
    ids=["German", "English", "nothing locked"],
)
def test_a_password_that_comes_another_way_passes(text: str, content: bytes) -> None:
    exam = an_exam(with_file("a.zip", content, text=text))
    assert found("PASSWORD_BESIDE_ATTACHMENT", exam) == []


def test_a_program_with_a_password_is_still_a_program() -> None:
    exam = an_exam(with_file("a.zip", a_locked_zip("invoice.scr")))
    assert found("EXECUTABLE_ATTACHMENT", exam) == ["a.zip: invoice.scr"]
