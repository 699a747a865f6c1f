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
    ],
    ids=["German with List-Id", "English bulk", "feedback id", "capitals"],
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
    ],
    ids=["one sign", "only bulk", "discussion by post", "discussion list", "answer", "none"],
)
def test_orders_discussions_and_automatic_answers_are_no_newsletters(head: str) -> None:
    assert found("NEWSLETTER", an_exam(head + "\nList-Id: <only.in.the.text>\n")) == []
