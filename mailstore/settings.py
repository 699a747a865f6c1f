"""The whole configuration: MAILHAFEN_* environment variables, and nothing else."""

import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from mailstore.addresses import Address, parse_domain
from mailstore.errors import BadAddress, BadName, Misconfigured
from mailstore.reach import Network
from mailstore.routes import Route
from mailstore.setting_groups import Handing, Limits, Publishing, Scanning, SigningIn

PREFIX = "MAILHAFEN_"
SHORTEST_SECRET = 32
DKIM_KEY = "dkim.pem"
DKIM_RING = PREFIX + "DKIM_RING"


class Settings(Limits, Scanning, SigningIn, Handing, Publishing):
    """The whole configuration; docs/configuration.md is generated from these fields."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    data_dir: Path = Field(
        Path("var/data"), description="Folder of rows, packs, spool and generated secrets."
    )
    database_url: str = Field(
        "", description="Where rows are kept; empty: SQLite in the data folder."
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Signs links and cookies, at least 32 random characters; several, separated "
        "by commas, rotate: the first signs. Empty: the one `flask setup` wrote.",
    )
    keys: SecretStr = Field(
        SecretStr(""),
        description="Key ring that wraps the keys of stored mail (Fernet keys, separated by "
        "commas, the first wraps). Empty: the ring `flask setup` wrote.",
    )
    dkim_ring: SecretStr = Field(
        SecretStr(""),
        description="Key ring like KEYS that wraps what signs mail of the customers' domains "
        "(DKIM). Only the worker and commands read it: do not give it to the portal. Empty: the "
        "ring `flask setup` wrote.",
    )
    base_url: str = Field(
        "http://127.0.0.1:8080", description="Address of the portal as people type it."
    )
    report_from: str = Field(
        "", description="Author of report mails; empty: quarantine@ and the host name."
    )
    smtp_listen: str = Field(
        "127.0.0.1:2525", description="Where the relay takes inbound mail: HOST:PORT, by commas."
    )
    submission_listen: str = Field(
        "",
        description="Where people's programs hand in what they write (RFC 6409), after STARTTLS "
        "and with a password: HOST:PORT, by commas, the port mostly 587; empty: nowhere.",
    )
    submissions_listen: str = Field(
        "",
        description="The same under TLS from the first byte (RFC 8314), mostly at port 465; both "
        "need TLS_CERT.",
    )
    web_listen: str = Field("127.0.0.1:8080", description="Where the portal listens: HOST:PORT.")
    dns_servers: str = Field(
        "", description="Name servers, HOST or HOST:PORT, by commas; empty: the system's."
    )
    trusted_peers: str = Field(
        "127.0.0.0/8,::1",
        description="Networks to which the limits of the relay do not apply. They may say who "
        "their client is (PROXY, XCLIENT): a balancer among them must write the PROXY header "
        "itself, or its clients could.",
    )
    min_free_bytes: int = Field(
        512 * 2**20,
        ge=0,
        description="With less free space on the disk new mail gets 452; what is there is still "
        "delivered and expired.",
    )
    tls_cert: Path | None = Field(
        None, description="Certificate chain (PEM) for STARTTLS; read again when it changes."
    )
    tls_key: Path | None = Field(None, description="Key (PEM) of that certificate.")
    relay_processes: int = Field(
        0,
        ge=0,
        description="Relay processes on one port; 0: one per processor on PostgreSQL, and one on "
        "SQLite, which has one writer.",
    )
    examine_seconds: float = Field(
        20, gt=0, description="Longest time a mail may be examined; then it is held as too complex."
    )
    arc_sealers: str = Field(
        "",
        description="Domains of forwarders whose ARC sets are believed (RFC 8617), by commas; "
        "empty: nobody's.",
    )
    arc_selector: str = Field(
        "mailhafen",
        description="Where the key that our ARC sets are checked with stands: SELECTOR._domainkey "
        "and the host name.",
    )
    arc_key: Path | None = Field(
        None,
        description="RSA key (PEM) that seals newsletters we tag, for domains that have that "
        "switched on; empty: none is sealed.",
    )
    strict_spf_domains: str = Field(
        "bluewin.ch",
        description="Senders' domains, by commas, whose mail is refused where SPF says fail or "
        "softfail; no list lifts that. Tenants can add their own.",
    )
    rules_off: str = Field(
        "", description="Rules that are not asked, by name and commas; `*`: none is."
    )
    relay_children: int = Field(
        0, ge=0, description="Sandboxed children that examine mail; 0: one per processor."
    )
    redis_url: str = Field(
        "",
        description="Redis or Valkey that wakes workers on any machine at once, "
        "`redis://127.0.0.1:6379/0`; empty: a pipe wakes those of this machine.",
    )
    demo: bool = Field(False, description="Set by `flask demo` only: shows the outage switch.")

    @classmethod
    def load(cls) -> Self:
        """Read the environment, or raise Misconfigured with a sentence for the operator."""
        if names := stray(os.environ):
            raise Misconfigured(f"Unknown settings: {', '.join(sorted(names))}.")
        try:
            return cls()
        except ValidationError as error:
            first = error.errors()[0]
            name = PREFIX + str(first["loc"][0]).upper()
            raise Misconfigured(f"{name}: {first['msg']}.") from error

    @property
    def rows_url(self) -> str:
        """Where rows are kept, as SQLAlchemy spells it."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'mailhafen.db'}"

    @property
    def signing_keys(self) -> list[str]:
        """What signs links and cookies, newest first; raises Misconfigured for a weak one."""
        return secrets_of(self.secret_key, self.data_dir / "secret_key", SHORTEST_SECRET)

    @property
    def wrapping_keys(self) -> list[str]:
        """What wraps data keys, newest first; raises Misconfigured without any."""
        return secrets_of(self.keys, self.data_dir / "keys", SHORTEST_SECRET)

    @property
    def report_author(self) -> str:
        """The address that reports come from."""
        return self.report_from or f"quarantine@{self.hostname}"

    @property
    def dkim_domain(self) -> str:
        """The domain that signs mail of our own: that of its author; raises Misconfigured."""
        try:
            return Address.parse(self.report_author).domain
        except BadAddress as error:
            raise Misconfigured(f"{PREFIX}REPORT_FROM: {error} is no mail address.") from error

    @property
    def dkim_file(self) -> Path:
        """The key that signs mail of our own, which may not be there; raises Misconfigured."""
        # One name in DNS has one key.
        ours, of_arc = self.dkim_domain, self.hostname.lower()
        shared = self.arc_key if (self.dkim_selector, ours) == (self.arc_selector, of_arc) else None
        return self.dkim_key or shared or self.data_dir / DKIM_KEY

    @property
    def trusted_networks(self) -> list[Network]:
        """The networks whose peers no limit applies to; raises Misconfigured."""
        return _networks(self.trusted_peers, "TRUSTED_PEERS")

    @property
    def proxies(self) -> list[Network]:
        """The networks of WEB_PROXIES; raises Misconfigured."""
        return _networks(self.web_proxies, "WEB_PROXIES")

    @property
    def inside(self) -> list[Network]:
        """The networks of INSIDE_NETWORKS; raises Misconfigured."""
        return _networks(self.inside_networks, "INSIDE_NETWORKS")

    @property
    def dnssec_networks(self) -> list[Network]:
        """The networks of DNSSEC_SERVERS; raises Misconfigured."""
        return _networks(self.dnssec_servers, "DNSSEC_SERVERS")

    @property
    def way_out(self) -> Route | None:
        """The route of SMARTHOST; None where recipients' domains name one; raises Misconfigured."""
        try:
            return Route.parse(self.smarthost) if self.smarthost else None
        except BadName as error:
            raise Misconfigured(f"{PREFIX}SMARTHOST: {error}") from error

    @property
    def operator(self) -> Address | None:
        """The address of OPERATOR_ADDRESS; None where nobody is told; raises Misconfigured."""
        try:
            return Address.parse(self.operator_address) if self.operator_address else None
        except BadAddress as error:
            raise Misconfigured(f"{PREFIX}OPERATOR_ADDRESS: {error} is no mail address.") from error

    def check_ways(self) -> None:
        """Raise Misconfigured for a way out that is misspelt, before any mail waits for it."""
        _ = self.way_out, self.inside, self.operator, self.dnssec_networks
        _ = self.exchangers, self.addresses_out

    @property
    def believed_sealers(self) -> list[str] | None:
        """Whose ARC sets are believed; None where nobody needs to know of any."""
        named = [name.strip().lower() for name in self.arc_sealers.split(",") if name.strip()]
        # Our own set says whether the chain before it was whole (RFC 8617 §5.1).
        return named if named or self.arc_key else None

    @property
    def strict_domains(self) -> frozenset[str]:
        """The domains of STRICT_SPF_DOMAINS; raises Misconfigured for what is no domain."""
        names = (name.strip() for name in self.strict_spf_domains.split(","))
        try:
            return frozenset(parse_domain(name) for name in names if name)
        except BadName as error:
            raise Misconfigured(f"{PREFIX}STRICT_SPF_DOMAINS: {error}") from error

    @property
    def relay_count(self) -> int:
        """How many relay processes share the port; raises Misconfigured for several on SQLite."""
        on_sqlite = self.rows_url.startswith("sqlite")
        if on_sqlite and self.relay_processes > 1:
            raise Misconfigured(f"{PREFIX}RELAY_PROCESSES: SQLite has one writer; use PostgreSQL.")
        return self.relay_processes or (1 if on_sqlite else os.cpu_count() or 1)

    @property
    def spool_folder(self) -> Path:
        """Where mail lies while it comes in, on the same disk as the packs; made if missing."""
        folder = self.data_dir / "spool"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    @property
    def outage_switch(self) -> Path:
        """The file whose presence keeps the demo's own mail server down."""
        return self.data_dir / "outage"


def stray(env: Mapping[str, str]) -> set[str]:
    """Return the MAILHAFEN_* names that mean nothing: a misspelt setting must not be silent."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    return {key for key in env if key.startswith(PREFIX) and key not in known | {TEST_SERVICES}}


TEST_SERVICES = PREFIX + "TEST_SERVICES"


def _networks(text: str, name: str) -> list[Network]:
    try:
        return [ip_network(each.strip()) for each in text.split(",") if each]
    except ValueError as error:
        raise Misconfigured(f"{PREFIX}{name}: {error}.") from error


def secrets_of(given: SecretStr, file: Path, shortest: int) -> list[str]:
    """Return the secrets of a setting or else of its file, newest first; raises Misconfigured."""
    text = given.get_secret_value()
    if not text and file.exists():
        text = file.read_text()
    found = [part.strip() for part in text.split(",") if part.strip()]
    if not found:
        raise Misconfigured(f"No {file.name}: run `flask setup` first.")
    if any(len(secret) < shortest for secret in found):
        raise Misconfigured(f"{PREFIX}{file.name.upper()} needs at least {shortest} characters.")
    return found
