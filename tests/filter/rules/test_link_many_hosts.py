import pytest

from tests.filter.exams import an_exam, found

SYMBOL = "LINK_MANY_HOSTS"


def mail(text: str, count: int, host: str = "https://host{}.example/") -> str:
    return f"Subject: x\n\n{text}\n" + "\n".join(host.format(n) for n in range(count)) + "\n"


@pytest.mark.parametrize("text", ["Unsere Partner:", "Our partners:"], ids=["German", "English"])
def test_links_to_many_sites_are_counted(text: str) -> None:
    assert found(SYMBOL, an_exam(mail(text, 25))) == ["25"]


@pytest.mark.parametrize(
    "text",
    [mail("Wenige", 5), mail("One site", 25, "https://host{}.there.example/")],
    ids=["German", "English"],
)
def test_links_to_few_sites_pass(text: str) -> None:
    assert found(SYMBOL, an_exam(text)) == []
