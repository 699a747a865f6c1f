from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from mailstore import schema
from mailstore.errors import Misconfigured
from mailstore.settings import Settings, stray


def bare(data_dir: Path, *, secret_key: str = "", keys: str = "", **more: Any) -> Settings:
    return Settings(
        data_dir=data_dir, secret_key=SecretStr(secret_key), keys=SecretStr(keys), **more
    )


@pytest.mark.parametrize(
    ("name", "strays"),
    [
        ("MAILHAFEN_HOSTNAME", set()),
        ("MAILHAFEN_TEST_SERVICES", set()),
        ("MAILHAFEN_HOSTNAEM", {"MAILHAFEN_HOSTNAEM"}),
        ("MAILHAFEN_hostname", {"MAILHAFEN_hostname"}),
        ("HOSTNAME", set()),
    ],
    ids=["known", "for tests", "misspelt", "lower case", "not ours"],
)
def test_a_misspelt_setting_is_found(name: str, strays: set[str]) -> None:
    assert stray({name: "x"}) == strays


def test_a_misspelt_setting_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILHAFEN_HOSTNAEM", "x")
    with pytest.raises(Misconfigured, match="MAILHAFEN_HOSTNAEM"):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "text"),
    [("MAX_MESSAGE_BYTES", "0"), ("MAX_RECIPIENTS", "99"), ("RETRY_SECONDS", "soon")],
    ids=["no mail at all", "fewer recipients than the standard asks for", "not a number"],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    monkeypatch.setenv(f"MAILHAFEN_{name}", text)
    with pytest.raises(Misconfigured, match=f"MAILHAFEN_{name}: "):
        Settings.load()


@pytest.mark.parametrize("secret", ["short", f"{'a' * 40},short"], ids=["alone", "second"])
def test_a_short_secret_is_refused(tmp_path: Path, secret: str) -> None:
    with pytest.raises(Misconfigured, match="MAILHAFEN_SECRET_KEY"):
        _ = bare(tmp_path, secret_key=secret).signing_keys


def test_without_secrets_setup_is_asked_for(tmp_path: Path) -> None:
    settings = bare(tmp_path)
    for secrets in ("signing_keys", "wrapping_keys"):
        with pytest.raises(Misconfigured, match="flask setup"):
            getattr(settings, secrets)


def test_several_secrets_rotate_and_the_first_is_the_newest(tmp_path: Path) -> None:
    new, old = "n" * 32, "o" * 32
    assert bare(tmp_path, secret_key=f" {new} ,{old},").signing_keys == [new, old]


def test_setup_writes_secrets_that_only_we_can_read_and_keeps_them(tmp_path: Path) -> None:
    settings = bare(tmp_path / "data")
    schema.write_secrets(settings)
    made = (settings.signing_keys, settings.wrapping_keys, settings.dkim_file.read_bytes())
    schema.write_secrets(settings)
    assert (settings.signing_keys, settings.wrapping_keys) == made[:2]
    assert settings.dkim_file.read_bytes() == made[2]
    for name in ("secret_key", "keys", "dkim_ring", "dkim.pem"):
        assert (settings.data_dir / name).stat().st_mode & 0o077 == 0


def test_given_secrets_are_not_written_down(tmp_path: Path) -> None:
    given = bare(
        tmp_path, secret_key="s" * 40, keys="k" * 40, dkim_ring="r" * 40, dkim_key="/etc/dkim.pem"
    )
    schema.write_secrets(given)
    assert list(tmp_path.iterdir()) == []


def test_one_name_in_dns_has_one_key(tmp_path: Path) -> None:
    arc, own = Path("/etc/arc.pem"), Path("/etc/own.pem")
    assert bare(tmp_path).dkim_file == tmp_path / "dkim.pem"
    assert bare(tmp_path, arc_key=arc).dkim_file == arc
    assert bare(tmp_path, arc_key=arc, dkim_key=own).dkim_file == own
    for other in ({"dkim_selector": "s2"}, {"report_from": "report@else.example"}):
        assert bare(tmp_path, arc_key=arc, **other).dkim_file == tmp_path / "dkim.pem"


def test_no_secret_shows_in_a_log(settings: Settings) -> None:
    assert settings.secret_key.get_secret_value() not in repr(settings)
    assert settings.keys.get_secret_value() not in repr(settings)


def test_rows_lie_in_the_data_folder_unless_said_otherwise(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).rows_url == f"sqlite:///{tmp_path}/mailhafen.db"
    assert Settings(database_url="postgresql://x/y").rows_url == "postgresql://x/y"


def test_networks_of_trusted_peers_are_read_or_refused() -> None:
    networks = Settings(trusted_peers="192.0.2.0/24, ::1").trusted_networks
    assert list(map(str, networks)) == ["192.0.2.0/24", "::1/128"]
    with pytest.raises(Misconfigured, match="TRUSTED_PEERS"):
        _ = Settings(trusted_peers="everybody").trusted_networks


def test_strict_domains_are_read_or_refused() -> None:
    assert Settings().strict_domains == {"bluewin.ch"}
    assert Settings(strict_spf_domains=" A.example, b.example,").strict_domains == {
        "a.example", "b.example"
    }  # fmt: skip
    with pytest.raises(Misconfigured, match="STRICT_SPF_DOMAINS"):
        _ = Settings(strict_spf_domains="no domain").strict_domains


def test_reports_come_from_this_host_unless_said_otherwise(settings: Settings) -> None:
    assert settings.report_author == "quarantine@mx.mailhafen.test"
    assert Settings(report_from="q@muster.example").report_author == "q@muster.example"
