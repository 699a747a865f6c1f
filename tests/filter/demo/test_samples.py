import pytest

from filter.demo import samples, seed

PEOPLE = {person.address for people in seed.TENANTS.values() for person in people}


def test_every_sample_is_listed_once_and_goes_to_people_of_the_demo() -> None:
    listed = [sample["file"] for sample in samples.index()]
    assert sorted(listed) == sorted(path.name for path in samples.FOLDER.glob("*.eml"))
    assert {to for sample in samples.index() for to in sample["recipients"]} <= PEOPLE


@pytest.mark.parametrize(
    ("name", "kind", "records"),
    [
        ("schulz.example", "TXT", ['"v=spf1 ip4:127.0.0.1 -all"']),
        ("seebank-phish.example", "TXT", ['"v=spf1 -all"']),
        ("schulz.example", "MX", []),
        ("elsewhere.org", "TXT", None),
    ],
)
def test_the_demos_name_server_knows_only_reserved_names(
    name: str, kind: str, records: list[str] | None
) -> None:
    assert samples.zone(name, kind) == records
