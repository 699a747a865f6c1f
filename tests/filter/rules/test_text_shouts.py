import pytest

from tests.filter.exams import an_exam, found


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "TEXT_SHOUTS",
            (
                "Subject: x\n"
                "\n"
                "JETZT ZUGREIFEN UND SPAREN\n"
                "DAS GIBT ES NIE WIEDER\n"
                "NUR HEUTE FÜR SIE\n"
            ),
            id="text_shouts: German",
        ),
        pytest.param(
            "TEXT_SHOUTS",
            ("Subject: x\n\nTHIS IS YOUR CHANCE\nDO NOT THROW IT AWAY\nCALL US RIGHT NOW\n"),
            id="text_shouts: English",
        ),
        pytest.param(
            "TEXT_EXCLAIMS",
            "Subject: x\n\nJa! Jetzt! Hier! Gratis! Sofort! Alles!",
            id="text_exclaims: German",
        ),
        pytest.param(
            "TEXT_EXCLAIMS",
            "Subject: x\n\nYes! Now! Here! Free! Fast! All!",
            id="text_exclaims: English",
        ),
        pytest.param(
            "TEXT_MONEY",
            "Subject: x\n\nCHF 500, CHF 900, EUR 1200, Fr. 50",
            id="text_money: German",
        ),
        pytest.param(
            "TEXT_MONEY",
            "Subject: x\n\n$5,000 then $25,000 or $ 100 and $$$",
            id="text_money: English",
        ),
        pytest.param(
            "TOLL_FREE", "Subject: x\n\nRufen Sie an: 0900 123 456", id="toll_free: German"
        ),
        pytest.param("TOLL_FREE", "Subject: x\n\nCall 1-800-555-1234", id="toll_free: English"),
        pytest.param(
            "PAPER_FORM",
            "Subject: x\n\nName: __________\nAdresse: __________\nTelefon: __________\n",
            id="paper_form: German",
        ),
        pytest.param(
            "PAPER_FORM",
            "Subject: x\n\nName:______\nCity:______\nPhone:______\n",
            id="paper_form: English",
        ),
    ],
)
def test_a_text_that_shouts_is_found(symbol: str, mail: str) -> None:
    assert len(found(symbol, an_exam(mail))) == 1


@pytest.mark.parametrize(
    ("symbol", "mail"),
    [
        pytest.param(
            "TEXT_SHOUTS",
            "Subject: x\n\nPROTOKOLL DER SITZUNG\nHallo zusammen\n",
            id="text_shouts: a heading",
        ),
        pytest.param("TEXT_EXCLAIMS", "Subject: x\n\nHallo! Bis bald!", id="text_exclaims: a joy"),
        pytest.param("TEXT_MONEY", "Subject: x\n\nDas kostet CHF 500.", id="text_money: one price"),
        pytest.param("TOLL_FREE", "Subject: x\n\nTel. 044 123 45 67", id="toll_free: ordinary"),
        pytest.param(
            "PAPER_FORM", "Subject: x\n\nText\n__________\nAnna\n", id="paper_form: signature"
        ),
    ],
)
def test_what_only_resembles_a_text_that_shouts_is_fine(symbol: str, mail: str) -> None:
    assert found(symbol, an_exam(mail)) == []
