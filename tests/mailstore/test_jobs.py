import pytest

from mailstore.jobs import REGISTRY, asked_for, job
from mailstore.store import Store


def test_a_job_is_known_by_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailstore.jobs.REGISTRY", {})

    @job
    def tidy(_store: Store) -> None: ...

    from mailstore import jobs  # noqa: PLC0415 (the registry as it is now)

    assert {"tidy": tidy} == jobs.REGISTRY


@pytest.mark.parametrize(
    ("what", "found"),
    [
        (["tidy", 1], ("tidy", [1])),
        (["sweep"], ("sweep", [])),
        (["tidy"], None),
        (["tidy", 1, 2], None),
        (["tidy", 0], None),
        (["tidy", True], None),
        (["tidy", 2**63], None),
        (["unheard_of", 1], None),
        (["tidy", "1"], None),
        (["tidy", 1.0], None),
        (["tidy", [1]], None),
        ([["tidy"], 1], None),
        ({"tidy": 1}, None),
        ("tidy", None),
        ([], None),
        (None, None),
    ],
    ids=repr,
)
def test_what_came_over_a_wire_is_a_name_of_ours_and_numbers_or_nothing(
    monkeypatch: pytest.MonkeyPatch, what: object, found: object
) -> None:
    monkeypatch.setitem(REGISTRY, "tidy", lambda _store, _id: None)
    monkeypatch.setitem(REGISTRY, "sweep", lambda _store: None)
    assert asked_for(what) == found
