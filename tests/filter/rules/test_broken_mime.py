import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "MIME_VERSION_MISSING",
            "Content-Type: text/plain; charset=utf-8\nSubject: Grüezi\n\nx",
            id="mime_version_missing: German",
        ),
        pytest.param(
            "MIME_VERSION_MISSING",
            "Content-Type: text/html\nSubject: Hi\n\nx",
            id="mime_version_missing: English",
        ),
        pytest.param(
            "NEEDLESS_BASE64",
            (
                "Content-Type: text/plain\n"
                "Content-Transfer-Encoding: base64\n"
                "Subject: x\n"
                "\n"
                "R3V0ZW4gVGFn\n"
            ),
            id="needless_base64: German",
        ),
        pytest.param(
            "NEEDLESS_BASE64",
            ("Content-Type: text/html\nContent-Transfer-Encoding: BASE64\n\nPGI+SGVsbG88L2I+\n"),
            id="needless_base64: English",
        ),
        pytest.param(
            "ODD_BOUNDARY",
            (
                'Content-Type: multipart/mixed; boundary="----=_NextPart_000_1"\n'
                "Subject: Hoi\n"
                "\n"
                "------=_NextPart_000_1\n"
                "\n"
                "Grüezi\n"
            ),
            id="odd_boundary: German",
        ),
        pytest.param(
            "ODD_BOUNDARY",
            ('Content-Type: multipart/mixed; boundary="--=_NextPart"\n\n----=_NextPart\n\nHi\n'),
            id="odd_boundary: English",
        ),
    ],
)
def test_broken_mime_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "MIME_VERSION_MISSING",
            "MIME-Version: 1.0\nContent-Type: text/plain\n\nx",
            id="mime_version_missing: said",
        ),
        pytest.param("MIME_VERSION_MISSING", "Subject: x\n\nx", id="mime_version_missing: no MIME"),
        pytest.param(
            "NEEDLESS_BASE64",
            (
                "Content-Type: text/plain; charset=utf-8\n"
                "Content-Transfer-Encoding: base64\n"
                "\n"
                "R3LDvGV6aQ==\n"
            ),
            id="needless_base64: with umlauts",
        ),
        pytest.param(
            "NEEDLESS_BASE64", "Subject: x\n\nR3V0ZW4gVGFn\n", id="needless_base64: plain"
        ),
        pytest.param(
            "ODD_BOUNDARY",
            (
                "X-Mailer: Microsoft Outlook 16.0\n"
                'Content-Type: multipart/mixed; boundary="----=_NextPart_000_1"\n'
                "\n"
                "------=_NextPart_000_1\n"
                "\n"
                "x\n"
            ),
            id="odd_boundary: of Outlook",
        ),
    ],
)
def test_what_only_resembles_broken_mime_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
