"""The schema: Alembic migrations lead to the same tables as the models."""

import os
import secrets
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import Engine

from mailstore.errors import Misconfigured
from mailstore.packs import sync_folder
from mailstore.settings import DKIM_KEY, Settings

FOLDER = Path(__file__).parent / "migrations"
# RFC 8301 §3.2: what signs should have; more does not fit into one answer of DNS by UDP.
RSA_BITS = 2048


def config(url: str = "") -> Config:
    """Return Alembic's configuration for our migrations."""
    found = Config()
    found.set_main_option("script_location", str(FOLDER))
    found.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return found


def migrate(settings: Settings) -> None:
    """Make or upgrade all tables; may run again; raises Misconfigured for a newer schema."""
    try:
        command.upgrade(config(settings.rows_url), "head")
    except CommandError as error:
        raise Misconfigured(f"The data is not for this version: {error}.") from error


def is_current(engine: Engine) -> bool:
    """Whether the tables are exactly those of this version; a newer schema is refused too."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


def write_migration(name: str) -> None:
    """Write the migration from the newest one to what the models say, for a developer."""
    with tempfile.TemporaryDirectory() as folder:
        configured = config(f"sqlite:///{folder}/rows.db")
        command.upgrade(configured, "head")
        number = len(list((FOLDER / "versions").glob("*.py"))) + 1
        command.revision(configured, name, autogenerate=True, rev_id=f"{number:04}")


def write_secrets(settings: Settings) -> None:
    """Generate what signs links, wraps keys and signs mail; readable by us only.

    What the settings give is not generated, and what is there stays.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, given, made in (
        ("secret_key", settings.secret_key, secrets.token_urlsafe(48)),
        ("keys", settings.keys, Fernet.generate_key().decode()),
        ("dkim_ring", settings.dkim_ring, Fernet.generate_key().decode()),
    ):
        file = settings.data_dir / name
        if not given.get_secret_value() and not (file.exists() and file.stat().st_size):
            _write_durably(file, made)
    own = settings.data_dir / DKIM_KEY
    if settings.dkim_file == own and not (own.exists() and own.stat().st_size):
        _write_durably(own, _rsa_key())


def _rsa_key() -> str:
    key = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode().strip()


def _write_durably(file: Path, secret: str) -> None:
    # A key that a power cut takes away would take all mail sealed with it along.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(f"{secret}\n")
        out.flush()
        os.fsync(out.fileno())
    sync_folder(file.parent)


if __name__ == "__main__":
    write_migration(sys.argv[1])
