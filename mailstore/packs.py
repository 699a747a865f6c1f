"""Packs: append-only files of one writing process for one expiry day.

What append returns is on disk. A crash can leave bytes at the tail of a pack that no row
names; they are harmless and go with the pack. A failed sync is final (the kernel may drop
the pages and call the next sync good), so the pack is never written to again.
"""

import os
import secrets
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from sqlalchemy.orm import Mapped, mapped_column

from mailstore import clock
from mailstore.db import Base
from mailstore.errors import NotFound

READ_CHUNK = 256 * 1024
FULL = 2**30


class Pack(Base):
    """A pack that rows name."""

    __tablename__ = "packs"

    name: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Slice:
    """A sealed mail and the day it expires on."""

    day: date
    data: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where a slice lies."""

    pack: str
    day: date
    offset: int
    length: int


class Packs(Protocol):
    """Keeps slices; local files here, objects of an S3 store elsewhere."""

    def append(self, slices: Sequence[Slice]) -> list[Place]:
        """Store slices durably, in order; raises OSError if that is not certain."""

    def read(self, place: Place) -> Iterator[bytes]:
        """Yield the bytes of a slice; raises NotFound."""

    def shred(self, place: Place) -> None:
        """Overwrite the bytes of a slice that no row names any more; harmless if they are gone."""

    def remove(self, name: str, day: date) -> None:
        """Delete a pack that no row names any more; harmless if it is gone."""


@dataclass(slots=True)
class _Open:
    name: str
    descriptor: int
    size: int


class LocalPacks:
    """Packs as files below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[date, _Open] = {}
        self._lock = threading.Lock()

    def append(self, slices: Sequence[Slice]) -> list[Place]:
        """Store slices durably, in order; one fdatasync for each expiry day."""
        places, days = [], {each.day for each in slices}
        with self._lock:
            for past in [day for day in self._open if day < clock.today() and day not in days]:
                self._abandon(past)
            for each in slices:
                pack = self._pack(each.day)
                places.append(Place(pack.name, each.day, pack.size, len(each.data)))
                self._write(each.day, pack, each.data)
            for day in days:
                self._sync(day)
        return places

    def read(self, place: Place) -> Iterator[bytes]:
        """Yield the bytes of a slice; raises NotFound if the pack is gone."""
        try:
            file = self._path(place.pack, place.day).open("rb", buffering=0)
        except FileNotFoundError as error:
            raise NotFound(f"pack {place.pack} is gone") from error
        with file:
            file.seek(place.offset)
            left = place.length
            while left and (chunk := file.read(min(left, READ_CHUNK))):
                left -= len(chunk)
                yield chunk

    def shred(self, place: Place) -> None:
        """Overwrite a slice with zeros, durably."""
        try:
            file = self._path(place.pack, place.day).open("r+b", buffering=0)
        except FileNotFoundError:
            return
        with file:
            # Whatever a row says, a pack is never made longer.
            left = min(place.length, file.seek(0, os.SEEK_END) - place.offset)
            file.seek(place.offset)
            while left > 0:
                left -= file.write(bytes(min(left, READ_CHUNK)))
            os.fdatasync(file.fileno())

    def remove(self, name: str, day: date) -> None:
        """Delete a pack, and its day's folder with the last one."""
        path = self._path(name, day)
        path.unlink(missing_ok=True)
        if path.parent.exists() and not any(path.parent.iterdir()):
            path.parent.rmdir()

    def names(self) -> Iterator[tuple[str, date]]:
        """Yield name and day of every pack on disk, for the checker."""
        for path in sorted(self._folder.glob("*/*.pack")):
            yield path.stem, date.fromisoformat(path.parent.name)

    def size(self, name: str, day: date) -> int:
        """Return the size of a pack in bytes; 0 if it is gone."""
        path = self._path(name, day)
        return path.stat().st_size if path.exists() else 0

    def _path(self, name: str, day: date) -> Path:
        return self._folder / day.isoformat() / f"{name}.pack"

    def _pack(self, day: date) -> _Open:
        pack = self._open.get(day)
        if pack is not None and pack.size >= FULL:
            # Its last slices may be of this very append: they are synced before it is left.
            self._sync(day)
            self._abandon(day)
            pack = None
        if pack is None:
            pack = self._open[day] = self._create(day)
        return pack

    def _create(self, day: date) -> _Open:
        name = secrets.token_hex(12)
        path = self._path(name, day)
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        for folder in (path.parent, self._folder, self._folder.parent):
            sync_folder(folder)
        return _Open(name, descriptor, 0)

    def _write(self, day: date, pack: _Open, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                written = os.write(pack.descriptor, view)
                pack.size += written
                view = view[written:]
        except OSError:
            self._abandon(day)
            raise

    def _sync(self, day: date) -> None:
        try:
            os.fdatasync(self._open[day].descriptor)
        except OSError:
            self._abandon(day)
            raise

    def _abandon(self, day: date) -> None:
        os.close(self._open.pop(day).descriptor)


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
