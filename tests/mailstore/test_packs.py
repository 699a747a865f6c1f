import errno
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from time_machine import Traveller

from mailstore import packs as packs_module
from mailstore.errors import NotFound
from mailstore.packs import LocalPacks, Place, Slice

DAY = date(2027, 3, 28)
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def packs(tmp_path: Path) -> LocalPacks:
    return LocalPacks(tmp_path / "packs")


def name_of(descriptor: int) -> str:
    return Path(f"/proc/self/fd/{descriptor}").readlink().name


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of what is synced from now on, in order."""
    names: list[str] = []

    def noting(sync: Callable[[int], None]) -> Callable[[int], None]:
        def note(descriptor: int) -> None:
            names.append(name_of(descriptor))
            sync(descriptor)

        return note

    for name in ("fdatasync", "fsync"):
        monkeypatch.setattr(os, name, noting(getattr(os, name)))
    return names


def read(packs: LocalPacks, place: Place) -> bytes:
    return b"".join(packs.read(place))


def test_slices_are_read_back_from_their_places(packs: LocalPacks) -> None:
    wanted = [b"first", b"", b"second", bytes(700_000)]
    places = packs.append([Slice(DAY, data) for data in wanted])
    assert [read(packs, place) for place in places] == wanted
    assert len({place.pack for place in places}) == 1


def test_a_later_slice_goes_behind_the_ones_before(packs: LocalPacks) -> None:
    (first,) = packs.append([Slice(DAY, b"first")])
    (second,) = packs.append([Slice(DAY, b"second")])
    assert (second.pack, second.offset) == (first.pack, 5)
    assert packs.size(first.pack, DAY) == 11


def test_each_day_has_packs_of_its_own(packs: LocalPacks) -> None:
    places = packs.append([Slice(DAY, b"a"), Slice(NEXT, b"b"), Slice(DAY, b"c")])
    assert [read(packs, place) for place in places] == [b"a", b"b", b"c"]
    assert places[0].pack == places[2].pack != places[1].pack
    assert sorted(day for _, day in packs.names()) == [DAY, NEXT]


def test_another_process_never_writes_to_the_same_pack(packs: LocalPacks, tmp_path: Path) -> None:
    (ours,) = packs.append([Slice(DAY, b"a")])
    (theirs,) = LocalPacks(tmp_path / "packs").append([Slice(DAY, b"b")])
    assert ours.pack != theirs.pack


def test_one_sync_serves_all_slices_of_a_day(packs: LocalPacks, synced: list[str]) -> None:
    packs.append([Slice(DAY, b"a")])
    synced.clear()
    (place, *_) = packs.append([Slice(DAY, b"b"), Slice(DAY, b"c")])
    assert synced == [f"{place.pack}.pack"]


def test_the_folders_of_a_new_pack_are_synced(packs: LocalPacks, synced: list[str]) -> None:
    (place,) = packs.append([Slice(DAY, b"a")])
    assert set(synced) >= {f"{place.pack}.pack", DAY.isoformat(), "packs"}


def test_the_folder_that_holds_the_first_packs_is_synced(
    packs: LocalPacks, synced: list[str], tmp_path: Path
) -> None:
    packs.append([Slice(DAY, b"a")])
    assert tmp_path.name in synced


def test_a_full_pack_is_synced_before_the_next_is_begun(
    packs: LocalPacks, synced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs_module, "FULL", 4)
    places = packs.append([Slice(DAY, b"first"), Slice(DAY, b"second")])
    assert places[0].pack != places[1].pack
    assert {f"{place.pack}.pack" for place in places} <= set(synced)


def test_a_full_pack_is_closed(
    packs: LocalPacks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs_module, "FULL", 4)
    packs.append([Slice(DAY, b"first")])
    for _ in range(5):
        packs.append([Slice(DAY, b"more")])
    links = [Path(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd")]
    opened = [link.readlink() for link in links if link.is_symlink()]
    assert len([path for path in opened if tmp_path in path.parents]) <= 1


def test_a_failed_sync_is_final_for_its_pack(
    packs: LocalPacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    (good,) = packs.append([Slice(DAY, b"good")])

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(OSError, match="Input/output"):
            packs.append([Slice(DAY, b"lost")])
    (later,) = packs.append([Slice(DAY, b"later")])
    assert later.pack != good.pack
    assert (read(packs, good), read(packs, later)) == (b"good", b"later")


def test_a_pack_that_is_gone_is_not_found(packs: LocalPacks) -> None:
    with pytest.raises(NotFound, match="gone"):
        read(packs, Place("0" * 24, DAY, 0, 5))
    assert packs.size("0" * 24, DAY) == 0


def test_removing_takes_the_days_folder_with_the_last_pack(
    packs: LocalPacks, tmp_path: Path
) -> None:
    folder = tmp_path / "packs" / DAY.isoformat()
    first, second = packs.append([Slice(DAY, b"a")]) + LocalPacks(tmp_path / "packs").append(
        [Slice(DAY, b"b")]
    )
    packs.remove(first.pack, DAY)
    assert folder.exists()
    for _ in range(2):
        packs.remove(second.pack, DAY)
    assert not folder.exists()


def test_only_we_can_read_a_pack(packs: LocalPacks, tmp_path: Path) -> None:
    packs.append([Slice(DAY, b"a")])
    (file,) = tmp_path.glob("packs/*/*.pack")
    assert file.stat().st_mode & 0o777 == 0o600


def test_days_that_are_past_already_do_not_disturb_each_other(
    clock: Traveller, packs: LocalPacks
) -> None:
    clock.move_to(datetime(DAY.year + 1, DAY.month, DAY.day, tzinfo=UTC))
    places = packs.append([Slice(DAY, b"a"), Slice(NEXT, b"b")])
    assert [read(packs, place) for place in places] == [b"a", b"b"]
