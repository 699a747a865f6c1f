"""The pretend mail server of the demo's customers; it takes everything and keeps it as files.

Recipients named `451@`, `550@` and `slow@` are answered as they say, and while the outage
switch (a file) is there, nobody listens at all.
"""

import asyncio
import threading
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST = 100 * 2**20
SLOW_SECONDS = 20.0
LOOK_EVERY = 0.2
ANSWERS = {
    "451": "451 4.2.1 Mailbox busy, please try again later",
    "550": "550 5.1.1 No such mailbox",
}


class LongLines(SMTP):
    """Takes lines that are longer than they should be; aiosmtpd 1.4.6 reads this of the class."""

    line_length_limit = 2**16


class Keeper:
    """Answers like a mail server and writes each mail to a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._number = len(list(folder.glob("*.eml")))

    async def handle_RCPT(  # noqa: N802 (aiosmtpd names its hooks so)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        """Answer a recipient as its name says."""
        local = address.partition("@")[0].lower()
        if local in ANSWERS:
            return ANSWERS[local]
        if local == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 (aiosmtpd names its hooks so)
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep the mail."""
        self._number += 1
        content = envelope.original_content or b""
        (self._folder / f"{self._number:04}.eml").write_bytes(content)
        return f"250 2.0.0 Kept as {self._number:04}"


class Sink:
    """Runs the pretend server in a thread, and stops it while the switch file exists."""

    def __init__(self, host: str, port: int, folder: Path, switch: Path) -> None:
        self._host, self.port, self._switch = host, port, switch
        self._keeper = Keeper(folder)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def start(self) -> None:
        """Begin to listen unless there is an outage."""
        self._thread.start()

    def stop(self) -> None:
        """End for good."""
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        server: asyncio.Server | None = None
        sessions: set[SMTP] = set()
        while not self._stop.is_set():
            down = self._switch.exists()
            if down and server is not None:
                server.close()
                for session in sessions:
                    if session.transport is not None:
                        session.transport.close()
                sessions.clear()
                server = None
            elif not down and server is None:
                server = await self._listen(sessions)
            await asyncio.sleep(LOOK_EVERY)
        if server is not None:
            server.close()

    async def _listen(self, sessions: set[SMTP]) -> asyncio.Server:
        loop = asyncio.get_running_loop()

        def session() -> SMTP:
            made = LongLines(
                self._keeper,
                data_size_limit=LARGEST,
                enable_SMTPUTF8=True,
                hostname="sink.example",
                loop=loop,
            )
            sessions.add(made)
            return made

        return await loop.create_server(session, self._host, self.port)
