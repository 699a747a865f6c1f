import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from filter.tls import Certificate
from mailstore.errors import Misconfigured
from tests.filter import certificates
from tests.filter.certificates import a_client, made, shake, write
from tests.filter.seconds import Seconds

MARCH = datetime(2030, 3, 1, 12, tzinfo=UTC)
MAY = datetime(2030, 5, 1, 12, tzinfo=UTC)
OLD, NEW = made("old.test", expires_at=MARCH), made("new.test", expires_at=MAY)
LOCKED = certificates.locked(b"secret")


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def certificate(tmp_path: Path, seconds: Seconds) -> Certificate:
    return Certificate(*write(tmp_path, *OLD), seconds)


def shown(certificate: Certificate) -> str:
    return shake(certificate.context, a_client())[0]


def test_a_handshake_shows_the_certificate(certificate: Certificate) -> None:
    assert shake(certificate.context, a_client()) == ("CN=old.test", "TLSv1.3")
    assert certificate.expires_at == MARCH


def test_tls_1_2_is_spoken_too(certificate: Certificate) -> None:
    client = a_client(maximum_version=ssl.TLSVersion.TLSv1_2)
    assert shake(certificate.context, client) == ("CN=old.test", "TLSv1.2")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_an_old_version_of_tls_is_refused(
    certificate: Certificate, version: ssl.TLSVersion
) -> None:
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        shake(certificate.context, a_client(minimum_version=version, maximum_version=version))


def test_no_client_is_asked_for_a_certificate(certificate: Certificate) -> None:
    assert certificate.context.verify_mode is ssl.CERT_NONE


def test_the_next_handshake_after_a_second_shows_a_replaced_certificate(
    certificate: Certificate, seconds: Seconds, tmp_path: Path
) -> None:
    write(tmp_path, *NEW)
    assert shown(certificate) == "CN=old.test"
    seconds.now += 1
    assert shown(certificate) == "CN=new.test"
    assert certificate.expires_at == MAY


def test_a_certificate_that_a_link_points_to_is_seen_when_the_link_moves(
    tmp_path: Path, seconds: Seconds
) -> None:
    for name, pair in (("old", OLD), ("new", NEW)):
        (tmp_path / name).mkdir()
        write(tmp_path / name, *pair)
    live = tmp_path / "live"
    live.symlink_to("old")
    certificate = Certificate(live / "chain.pem", live / "key.pem", seconds)
    live.unlink()
    live.symlink_to("new")
    seconds.now += 1
    assert shown(certificate) == "CN=new.test"


def test_files_that_did_not_change_are_not_read_again(
    certificate: Certificate, seconds: Seconds
) -> None:
    before = certificate.context
    seconds.now += 60
    assert certificate.context is before


def remove(folder: Path) -> None:
    (folder / "key.pem").unlink()


def lock_out(folder: Path) -> None:
    (folder / "chain.pem").unlink()
    (folder / "chain.pem").mkdir()


BROKEN: dict[str, Callable[[Path], object]] = {
    "only the certificate": lambda folder: write(folder, NEW[0], OLD[1]),
    "only the key": lambda folder: write(folder, OLD[0], NEW[1]),
    "half the certificate": lambda folder: write(folder, NEW[0][:200], NEW[1]),
    "half the key": lambda folder: write(folder, NEW[0], NEW[1][:100]),
    "nothing": lambda folder: write(folder, b"", b""),
    "noise": lambda folder: write(folder, b"\0\xff" * 99, b"\0\xff" * 99),
    "the files exchanged": lambda folder: write(folder, NEW[1], NEW[0]),
    "a locked key": lambda folder: write(folder, *LOCKED),
    "no key": remove,
    "a folder": lock_out,
}


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN.keys())
def test_a_replacement_that_cannot_be_used_is_told_once_and_changes_nothing(
    certificate: Certificate, seconds: Seconds, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    damage(tmp_path)
    with capture_logs() as lines:
        for _ in range(3):
            seconds.now += 1
            assert shown(certificate) == "CN=old.test"
    assert [line["event"] for line in lines] == ["certificate_unusable"]
    assert certificate.expires_at == MARCH


def test_a_replacement_that_comes_in_two_steps_is_used_after_the_second(
    certificate: Certificate, seconds: Seconds, tmp_path: Path
) -> None:
    for key, name in ((OLD[1], "CN=old.test"), (NEW[1], "CN=new.test")):
        write(tmp_path, NEW[0], key)
        seconds.now += 1
        assert shown(certificate) == name


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN.keys())
def test_files_that_cannot_be_used_stop_the_start(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    chain, key = write(tmp_path, *OLD)
    damage(tmp_path)
    with pytest.raises(Misconfigured) as refused:
        Certificate(chain, key)
    assert str(chain) in str(refused.value)
    assert "PRIVATE" not in str(refused.value)


def test_a_chain_is_shown_by_its_first_certificate(tmp_path: Path) -> None:
    certificate = Certificate(*write(tmp_path, OLD[0] + NEW[0], OLD[1]))
    assert shown(certificate) == "CN=old.test"
    assert certificate.expires_at == MARCH
