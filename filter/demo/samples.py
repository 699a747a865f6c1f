"""The demo's sample mails: sent through the relay by SMTP, as the Internet would."""

import smtplib
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mailstore.sandbox import ROOT

FOLDER = ROOT / "tests" / "messages"
INDEX = ROOT / "tests" / "messages.toml"
HELO = "mail.example"
PATIENCE = 30.0


def index() -> list[dict[str, Any]]:
    """Return what is known of each sample: file, sender, recipients, expectation."""
    return list(tomllib.loads(INDEX.read_text())["mail"])


def send_all(host: str, port: int) -> Iterator[str]:
    """Send the samples one after another and yield a line for each."""
    with connect(host, port) as server:
        for sample in index():
            yield f"{sample['what']}: {_send(server, sample)}"


def connect(host: str, port: int) -> smtplib.SMTP:
    """Return a session with the relay, waiting until it listens."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return smtplib.SMTP(host, port, HELO, timeout=PATIENCE)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def _send(server: smtplib.SMTP, sample: dict[str, Any]) -> str:
    content = (FOLDER / Path(sample["file"])).read_bytes()
    try:
        server.sendmail(sample["sender"] or "<>", sample["recipients"], content)
    except smtplib.SMTPResponseException as error:
        text = error.smtp_error
        said = text.decode(errors="replace") if isinstance(text, bytes) else text
        return f"refused, {error.smtp_code} {said[:60]}"
    return "taken"


def zone(name: str, kind: str) -> list[str] | None:
    """Answer for the demo's name server: samples may come from here, but those of impostors not."""
    if not name.endswith((".example", ".test")):
        return None
    if kind != "TXT":
        return []
    forged = any(word in name for word in IMPOSTORS)
    return ['"v=spf1 -all"' if forged else '"v=spf1 ip4:127.0.0.1 -all"']


IMPOSTORS = ("phish", "bank", "paket", "pillen", "pills", "crypto", "draw")
