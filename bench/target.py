"""Our relay and worker on throw-away data, for a bench that compares servers.

    python -m bench.target --port 2525 --recipient user@lab.invalid --next-hop 127.0.0.1:22525

Listens until it is told to stop. `--rules-off` hands mail on without asking any rule.
"""

import argparse
import signal
import threading

from bench.installation import Installation


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--port", type=int, default=2525)
    parser.add_argument("--recipient", default="user@lab.invalid")
    parser.add_argument("--next-hop", default="127.0.0.1:22525")
    parser.add_argument("--rules-off", action="store_true")
    args = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = {"SMTP_LISTEN": f"127.0.0.1:{args.port}"}
    if args.rules_off:
        settings["RULES_OFF"] = "*"
    options = {"recipient": args.recipient, "next_hop": args.next_hop}
    with Installation(**options, **settings):  # type: ignore[arg-type]  # settings are texts
        stop.wait()


if __name__ == "__main__":
    main()
