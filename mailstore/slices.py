"""A slice: one mail as it lies in a pack, compressed and then encrypted in frames.

Frames are AES-256-GCM with the frame's number and a last-frame flag as nonce, under a key
derived for this slice alone (HKDF, RFC 5869), so that no frame can be moved, dropped or
repeated unseen, and no nonce is ever used twice.
"""

import hashlib
import io
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from typing_extensions import Buffer

from mailstore.errors import Corrupt
from mailstore.packs import Slice

VERSION = b"\x01"
SALT_BYTES = 16
FRAME = 256 * 1024
LEVEL = 3
_LENGTH = 4
_LARGEST = FRAME + 16
_INFO = b"mailhafen slice"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A slice ready for a pack, with the SHA-256 (hex) and size in bytes of its plain content."""

    slice: Slice
    sha256: str
    size: int


class Sealer:
    """Compresses and encrypts what is written, and hands frames on, so that memory stays flat.

    Once closed it knows SHA-256 (hex) and size of what was written.
    """

    def __init__(self, key: bytes, out: Callable[[bytes], object]) -> None:
        salt = secrets.token_bytes(SALT_BYTES)
        self._cipher, self._out = _cipher(key, salt), out
        self._digest, self.size = hashlib.sha256(), 0
        self._compressor = _compressor().compressobj()
        self._waiting, self._number = bytearray(), 0
        out(VERSION + salt)

    @property
    def sha256(self) -> str:
        """The hash of what was written so far."""
        return self._digest.hexdigest()

    def write(self, chunk: bytes) -> int:
        """Take some plain bytes; return how many, as files do."""
        self._digest.update(chunk)
        taken = len(chunk)
        self.size += taken
        self._take(self._compressor.compress(chunk))
        return taken

    def flush(self) -> None:
        """Do nothing, as a file that keeps what it has until a frame is full."""

    def close(self) -> None:
        """Write the last frame."""
        self._take(self._compressor.flush())
        _put(self._out, self._cipher, self._number, bytes(self._waiting), last=True)

    def _take(self, compressed: bytes) -> None:
        self._waiting += compressed
        while len(self._waiting) > FRAME:
            _put(self._out, self._cipher, self._number, bytes(self._waiting[:FRAME]), last=False)
            del self._waiting[:FRAME]
            self._number += 1


def seal(key: bytes, day: date, chunks: Iterable[bytes]) -> Sealed:
    """Compress and encrypt the plain chunks of one mail for its expiry day."""
    out = bytearray()
    sealer = Sealer(key, out.extend)
    for chunk in chunks:
        sealer.write(chunk)
    sealer.close()
    return Sealed(Slice(day, bytes(out)), sealer.sha256, sealer.size)


def unseal(key: bytes, stored: Iterable[bytes], sha256: str) -> Iterator[bytes]:
    """Yield the plain chunks of a slice; raises Corrupt where anything does not fit.

    The hash is compared after the last chunk: who delivers must not say so before the end.
    """
    reader = _Reader(stored)
    if reader.take(1) != VERSION:
        raise Corrupt("unknown slice version")
    cipher = _cipher(key, reader.take(SALT_BYTES))
    frames = _Frames(reader, cipher)
    digest = hashlib.sha256()
    with zstandard.ZstdDecompressor().stream_reader(io.BufferedReader(frames)) as expanded:
        try:
            while plain := expanded.read(FRAME):
                digest.update(plain)
                yield plain
        except zstandard.ZstdError as error:
            raise Corrupt("the content cannot be expanded") from error
    if not frames.ended or digest.hexdigest() != sha256:
        raise Corrupt("the content does not fit its hash")


class _Frames(io.RawIOBase):
    """A file of decrypted frames, as the expander wants to read it."""

    def __init__(self, reader: "_Reader", cipher: AESGCM) -> None:
        super().__init__()
        self._reader, self._cipher = reader, cipher
        self._number = 0
        self._rest = b""
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        if not self._rest and not self.ended:
            self._rest = self._next()
        view = memoryview(buffer)
        taken = self._rest[: len(view)]
        view[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)

    def _next(self) -> bytes:
        frame, self.ended = self._reader.frame()
        nonce = _nonce(self._number, last=self.ended)
        self._number += 1
        try:
            return self._cipher.decrypt(nonce, frame, None)
        except InvalidTag as error:
            raise Corrupt(f"frame {self._number} does not fit its key") from error


class _Reader:
    """Takes exact lengths out of an iterable of stored chunks."""

    def __init__(self, stored: Iterable[bytes]) -> None:
        self._stored = iter(stored)
        self._buffer = bytearray()

    def take(self, length: int) -> bytes:
        while len(self._buffer) < length:
            chunk = next(self._stored, b"")
            if not chunk:
                raise Corrupt("the slice ends early")
            self._buffer += chunk
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def frame(self) -> tuple[bytes, bool]:
        word = int.from_bytes(self.take(_LENGTH))
        length, last = word >> 1, bool(word & 1)
        if length > _LARGEST:
            raise Corrupt("a frame is longer than any we write")
        return self.take(length), last


_kept = threading.local()


def _compressor() -> zstandard.ZstdCompressor:
    # To make one costs more than a small mail does, and no two threads may share it.
    if not hasattr(_kept, "compressor"):
        _kept.compressor = zstandard.ZstdCompressor(level=LEVEL)
    made: zstandard.ZstdCompressor = _kept.compressor
    return made


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, _INFO).derive(key))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


def _put(
    out: Callable[[bytes], object], cipher: AESGCM, number: int, plain: bytes, *, last: bool
) -> None:
    frame = cipher.encrypt(_nonce(number, last=last), plain, None)
    out((len(frame) << 1 | last).to_bytes(_LENGTH) + frame)
