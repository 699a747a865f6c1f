"""The command of the demo."""

from pathlib import Path

import click

from filter.demo.run import Places, run
from mailstore.cli import speaks

DATA = Path("var/demo")


@click.group(invoke_without_command=True)
@click.option("--data", default=DATA, type=click.Path(path_type=Path), help="Where all data lies.")
@click.option("--relay", default="127.0.0.1:2525", help="Where the relay listens.")
@click.option("--web", default="127.0.0.1:8080", help="Where the portal listens.")
@click.option("--sink", default="127.0.0.1:2526", help="Where the pretend mail server listens.")
@click.pass_context
@speaks
def demo(context: click.Context, data: Path, relay: str, web: str, sink: str) -> None:
    """Run a demo with people, mail and a mail server that can fail, until Ctrl-C."""
    if context.invoked_subcommand is None:
        run(Places(data, relay, web, sink))


@demo.command()
@click.argument("switch", type=click.Choice(["on", "off"]))
@click.pass_context
def outage(context: click.Context, switch: str) -> None:
    """Stop (on) or start (off) the pretend mail server."""
    parent = context.parent
    data = parent.params["data"] if parent else DATA
    if not data.exists():
        raise click.UsageError(f"No demo in {data}: start it with `make run`.")
    file = data / "outage"
    if switch == "on":
        file.touch()
    else:
        file.unlink(missing_ok=True)
    click.echo("The mail server is down." if switch == "on" else "The mail server is back.")
