"""`flask demo`: relay, portal, a pretend mail server and a name server, with people and mail."""

import os
import re
import socket
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from filter import supervisor
from filter.demo import samples, seed
from filter.demo.resolver import LoopbackResolver
from filter.demo.sink import Sink
from mailstore import policies, schema
from mailstore.addresses import parse_host_port
from mailstore.commands import flask
from mailstore.errors import Misconfigured
from mailstore.sandbox import ROOT
from mailstore.settings import PREFIX, Settings
from mailstore.store import Store


@dataclass(frozen=True, slots=True)
class Places:
    """Where the demo listens and keeps its data."""

    data: Path
    relay: str
    web: str
    sink: str

    @property
    def log(self) -> Path:
        """Where the processes write what they have to say."""
        return self.data / "demo.log"

    def env(self, dns_port: int, outside_port: int) -> dict[str, str]:
        """Return the environment of the demo's processes; nothing else of the operator's."""
        inherited = {key: text for key, text in os.environ.items() if not key.startswith(PREFIX)}
        settings = {
            "DATA_DIR": str(self.data.resolve()),
            "SMTP_LISTEN": self.relay,
            "WEB_LISTEN": self.web,
            "BASE_URL": f"http://{self.web}",
            "HOSTNAME": "mailhafen.example",
            "DNS_SERVERS": f"127.0.0.1:{dns_port}",
            # Nobody is trusted here, so that the samples' senders are checked like strangers.
            "TRUSTED_PEERS": "",
            "PROBE_SECONDS": "1",
            "OUTAGE_SECONDS": "3",
            # What leaves the demo ends in the demo too.
            "SMARTHOST": f"127.0.0.1:{outside_port}",
            "OPERATOR_ADDRESS": "operator@privat.example",
            "INSIDE_NETWORKS": "127.0.0.0/8",
            "DEMO": "true",
        }
        return inherited | {PREFIX + key: text for key, text in settings.items()}


def run(places: Places) -> None:
    """Start everything, seed it the first time, say where it is, and stay until Ctrl-C."""
    for text in (places.relay, places.web, places.sink):
        _check_free(text)
    resolver = LoopbackResolver(samples.zone)
    resolver.start()
    outside = Sink("127.0.0.1", _free_port(), places.data / "outside", places.data / "never")
    outside.start()
    env = places.env(resolver.port, outside.port)
    os.environ.update(env)
    settings = Settings.load()
    click.echo(f"Preparing {places.data} …")
    first = _prepare(settings, places)
    sink = Sink(*parse_host_port(places.sink), places.data / "sink", settings.outage_switch)
    sink.start()
    watched = supervisor.Supervisor(
        {
            "relay": flask("relay"),
            "worker": flask("worker"),
            supervisor.PORTAL: supervisor.gunicorn(places.web),
        },
        env,
        places.log,
    )
    talk = threading.Thread(target=_talk, args=(places, env, first), daemon=True)
    talk.start()
    watched.run()
    sink.stop()
    outside.stop()
    resolver.stop()


def _prepare(settings: Settings, places: Places) -> bool:
    """Make the data if there is none; whether that was so."""
    schema.write_secrets(settings)
    schema.migrate(settings)
    settings.outage_switch.unlink(missing_ok=True)
    store = Store.open(settings)
    with store.write() as db:
        policies.seed(db)
    seeded = settings.data_dir / "seeded"
    first = not seeded.exists()
    if first:
        seed.seed(store, places.sink)
        seeded.touch()
    store.close()
    return first


def _talk(places: Places, env: Mapping[str, str], first: bool) -> None:
    """Send the samples the first time, then say where everything is."""
    host, port = parse_host_port(places.relay)
    samples.connect(host, port).quit()
    if first:
        for number, line in enumerate(samples.send_all(host, port), 1):
            click.echo(f"  {number:>2}  {line}")
    _wait_for(places.web)
    made = subprocess.run(  # noqa: S603 (our own command)
        flask("report", "send", seed.ANNA, "--print"),
        cwd=ROOT,
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
    )
    link = re.search(r"http\S+/l/\S+", made.stdout)
    code = re.search(r"Code: (\d{4})", made.stdout)
    people = [person for people in seed.TENANTS.values() for person in people]
    logins = "\n".join(f"    {each.address:34} {each.name}, {each.role}" for each in people)
    click.echo(
        f"""
Mailhafen is running.

  Portal      http://{places.web}
  Relay       {places.relay} (SMTP), for example:
              swaks -s {places.relay} -f you@sender.example -t {seed.ANNA}
  Mail server {places.sink} (a pretend one; what it took lies in {places.data}/sink)
  Outside     what is sent elsewhere, bounces and notices, lies in {places.data}/outside

  Sign in with the password {seed.PASSWORD}
{logins}

  A link of Anna's quarantine report, as she gets it by mail:
    {link[0] if link else "-"}
    code for a new device: {code[1] if code else "-"}

  Outage: the button at the top of every page, or `flask demo outage on` and `off`.
  What the processes say goes to {places.log}. Stop with Ctrl-C.
"""
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(listen: str) -> None:
    end = threading.Event()
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(parse_host_port(listen)) == 0:
                return
        end.wait(0.1)


def _check_free(listen: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(parse_host_port(listen))
        except OSError as error:
            raise Misconfigured(
                f"{listen} cannot be used ({error.strerror}): stop what uses it, or choose "
                f"another port (flask demo --help, or make run ARGS='--web 127.0.0.1:8081')."
            ) from error
