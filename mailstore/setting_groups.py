"""Groups of settings that `Settings` is made of."""

from ipaddress import ip_address
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

from mailstore.addresses import ascii_domain, parse_domain
from mailstore.errors import BadName, Misconfigured


class Limits(BaseSettings):
    """What a client of the relay may ask for."""

    max_message_bytes: int = Field(50 * 2**20, gt=0, description="Larger mail is refused with 552.")
    max_recipients: int = Field(
        1000,
        ge=100,
        description="More recipients in one transaction get 452 (RFC 5321 §4.5.3.1.8).",
    )
    max_hops: int = Field(
        50, gt=0, description="Mail with more Received fields is refused as a loop (RFC 5321 §6.3)."
    )
    smtp_timeout_seconds: float = Field(
        300,
        gt=0,
        description="A client that is silent for so long, or takes so long for a command, is "
        "closed with 421 (RFC 5321 §4.5.3.2.7).",
    )
    min_bytes_per_second: float = Field(
        500, gt=0, description="Slowest a mail may come in, once the silence allowed is used up."
    )
    data_seconds: float = Field(3600, gt=0, description="Longest time that one mail may take.")
    greeting_pause_seconds: float = Field(
        0.2, ge=0, description="Pause before the greeting; a client that talks in it gets 554."
    )
    max_connections: int = Field(1000, gt=0, description="More connections in all get 421.")
    max_connections_per_address: int = Field(
        30, gt=0, description="More connections from one address (IPv6: one /64) get 421."
    )
    max_new_per_minute: int = Field(
        300, gt=0, description="More new connections from one address in a minute get 421."
    )
    max_errors: int = Field(
        20, gt=0, description="After so many replies of 5xx the session is closed with 421."
    )
    max_unknown_recipients: int = Field(
        10, gt=0, description="After so many unknown recipients each reply takes a second."
    )


class Publishing(BaseSettings):
    """What we are called, and what customers are told to publish about us and to let in."""

    hostname: str = Field(
        "mailhafen.localhost", description="Name of this host in SMTP and in our header lines."
    )
    mx_hosts: str = Field(
        "",
        description="Names of our servers for customers' MX records, by commas; empty: the host "
        "name.",
    )
    spf_include: str = Field(
        "",
        description="Domain whose SPF record names the addresses we send from: customers include "
        "it; empty: their records name the addresses.",
    )
    outgoing_addresses: str = Field(
        "",
        description="Addresses we connect from, by commas, which customers let in at their "
        "firewalls; empty: those the host name leads to.",
    )

    @property
    def exchangers(self) -> list[str]:
        """The names of our servers in customers' MX records; raises Misconfigured."""
        try:
            named = [ascii_domain(parse_domain(each)) for each in _listed(self.mx_hosts)]
        except BadName as error:
            raise Misconfigured(f"MAILHAFEN_MX_HOSTS: {error}") from error
        return named or [self.hostname.lower()]

    @property
    def addresses_out(self) -> list[str]:
        """The addresses of OUTGOING_ADDRESSES; raises Misconfigured."""
        try:
            return [str(ip_address(each)) for each in _listed(self.outgoing_addresses)]
        except ValueError as error:
            raise Misconfigured(f"MAILHAFEN_OUTGOING_ADDRESSES: {error}.") from error


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


class Scanning(BaseSettings):
    """Engines beside our own rules."""

    rspamd_url: str = Field(
        "",
        description="A normal worker of rspamd that is asked about each mail, "
        "`http://127.0.0.1:11333`; empty: none is.",
    )
    clamav: str = Field(
        "",
        description="A clamd that is asked about each mail, HOST:PORT or the path of its socket; "
        "empty: none is.",
    )
    dns_lists: str = Field(
        "",
        description="Lists in DNS that are asked about the client's address (RFC 5782): zones by "
        "commas, each with the points it is worth, `zen.example=4.0`.",
    )
    dns_domain_lists: str = Field(
        "",
        description="Lists in DNS that are asked about the domain of the envelope sender, "
        "written in the same way.",
    )
    scanner_seconds: float = Field(
        10,
        gt=0,
        le=20,
        description="Longest time that a scanner may take for a mail; then the mail counts as "
        "not scanned, and is held or put off by each recipient's policy.",
    )
    scanner_max_bytes: int = Field(
        25 * 2**20,
        gt=0,
        description="Larger mail is not sent to scanners and counts as not scanned; no more than "
        "their own limit (clamd: StreamMaxLength).",
    )


class SigningIn(BaseSettings):
    """What signing in to the portal asks, and who says where somebody sits."""

    breached_passwords: Path | None = Field(
        None,
        description="File of passwords that were stolen somewhere, which nobody may set: SHA-1 "
        "hashes as lines `HEX:count`, sorted by hash, as Pwned Passwords gives them out; empty: "
        "none is looked up.",
    )
    web_proxies: str = Field(
        "127.0.0.1,::1",
        description="Networks of proxies in front of the portal: they say who asks "
        "(X-Forwarded-For) and whether by https (X-Forwarded-Proto). Tries are counted by that.",
    )


class Handing(BaseSettings):
    """How mail is handed on, and when somebody is told of it."""

    retry_seconds: float = Field(
        300, gt=0, description="First wait after a temporary refusal; doubles up to 4000 s."
    )
    probe_seconds: float = Field(
        5,
        gt=0,
        description="First wait before a silent next hop is tried again; doubles to twelve times "
        "as long, a minute.",
    )
    outage_seconds: float = Field(
        120, gt=0, description="A next hop that is silent for so long has an outage."
    )
    give_up_days: float = Field(
        5,
        gt=0,
        description="Days after which mail the next hop keeps deferring counts as failed; the "
        "time of its outages does not count, but for strangers' servers.",
    )
    outage_days: float = Field(
        30, gt=0, description="Days after which mail counts as failed, outage or not."
    )
    delay_hours: float = Field(
        4, gt=0, description="Hours after which a sender is told, once, that mail still waits."
    )
    smarthost: str = Field(
        "",
        description="Where mail to the outside goes (bounces, notices): a route as for a domain, "
        "`mail.provider.example:25`; empty: to the servers that the recipient's domain names.",
    )
    tls_authorities: Path | None = Field(
        None,
        description="Certificates (PEM) that next hops are proven by; empty: the system's.",
    )
    dnssec_servers: str = Field(
        "127.0.0.0/8,::1",
        description="Networks, by commas, of name servers that check DNSSEC and whose word counts: "
        "DANE is used only with them. None but such as nobody can step between.",
    )
    inside_networks: str = Field(
        "",
        description="Networks of the inside, by commas, that hosts named by tenants or by foreign "
        "DNS may lie in all the same; the operator's own may lie anywhere.",
    )
    dkim_key: Path | None = Field(
        None,
        description="RSA key (PEM) that signs what Mailhafen itself writes: reports, notices, "
        "bounces (DKIM). Empty: `dkim.pem` in the data folder, which `flask setup` writes; or the "
        "key of ARC sets, where it has the same selector and domain.",
    )
    dkim_selector: str = Field(
        "mailhafen",
        description="Where that key stands in DNS: SELECTOR._domainkey and the domain of "
        "REPORT_FROM; `flask dkim` prints the record.",
    )
    operator_address: str = Field(
        "", description="Who is told of a full disk, silent scanners, certificates, old queues."
    )
