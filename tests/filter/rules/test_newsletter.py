import pytest

from tests.filter.exams import an_exam, found

GERMAN = "Subject: Neues vom Werkplatz\nList-Unsubscribe: <https://x.example/ab>\n"
ENGLISH = "Subject: What is new in version 12\nList-Unsubscribe: <mailto:off@x.example>\n"


@pytest.mark.parametrize(
    ("head", "signs"),
    [
        (GERMAN + "List-Id: <brief.x.example>\n", "List-Unsubscribe, List-Id"),
        (ENGLISH + "Precedence: bulk\n", "List-Unsubscribe, Precedence"),
        (ENGLISH + "Feedback-ID: 1:2:3:x\n", "List-Unsubscribe, Feedback-ID"),
        (GERMAN + "PRECEDENCE: Bulk\n", "List-Unsubscribe, Precedence"),
        (GERMAN + "X-Mailer: CleverReach 7\n", "List-Unsubscribe, platform"),
        (ENGLISH + "X-Campaign-Id: 12\n", "List-Unsubscribe, platform"),
        (
            ENGLISH + "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n",
            "List-Unsubscribe, List-Unsubscribe-Post",
        ),
    ],
    ids=[
        *("German with List-Id", "English bulk", "feedback id", "capitals"),
        *("German platform", "English campaign", "one click"),
    ],
)
def test_two_signs_of_bulk_mail_make_a_newsletter(head: str, signs: str) -> None:
    assert found("NEWSLETTER", an_exam(head + "\nText\n")) == [signs]


@pytest.mark.parametrize(
    "head",
    [
        GERMAN,
        "Subject: Your order\nPrecedence: bulk\n",
        GERMAN + "List-Id: <a.x>\nList-Post: <mailto:a@x.example>\n",
        ENGLISH + "List-Id: <a.x>\nPrecedence: list\n",
        GERMAN + "Precedence: bulk\nAuto-Submitted: auto-replied\n",
        "Subject: Abbestellen?\n",
        "Subject: Ihre Rechnung 4711\nList-Unsubscribe: <x>\nList-Id: <a.x>\n",
        "Subject: Your order has shipped\nList-Unsubscribe: <x>\nFeedback-ID: 1\n",
        "Subject: Votre commande\nList-Unsubscribe: <x>\nFeedback-ID: 1\n",
        "Subject: Codice di verifica\nList-Unsubscribe: <x>\nPrecedence: bulk\n",
        GERMAN + "List-Id: <a.x>\nIn-Reply-To: <a@b.example>\n",
    ],
    ids=[
        *("one sign", "only bulk", "discussion by post", "discussion list", "answer", "none"),
        *("German invoice", "English shipping", "French order", "Italian code", "in a thread"),
    ],
)
def test_orders_discussions_and_automatic_answers_are_no_newsletters(head: str) -> None:
    assert found("NEWSLETTER", an_exam(head + "\nList-Id: <only.in.the.text>\n")) == []


@pytest.mark.parametrize(
    "words",
    ["Newsletter abbestellen", "Unsubscribe here", "Se désabonner", "Annulla l'iscrizione"],
    ids=["German", "English", "French", "Italian"],
)
def test_the_way_out_that_a_page_of_links_shows_is_a_sign(words: str) -> None:
    links = "".join(f'<a href="https://x.example/{number}">x</a>' for number in range(3))
    page = f"Content-Type: text/html; charset=utf-8\n\n<p>{links} {words}</p>\n"
    assert found("NEWSLETTER", an_exam(GERMAN + page)) == ["List-Unsubscribe, unsubscribe link"]
    assert found("NEWSLETTER", an_exam(f"Subject: x\n{page}")) == []
