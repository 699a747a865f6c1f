"""Ways to a page: by its address, or by what a form answers."""

from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.pages import send
from tests.browser.seeded import World

Visit = Callable[[Page, World], object]


def at(path: str) -> Visit:
    """Return a visit of an address, `{}` in it filled from what is seeded."""
    return lambda page, world: page.goto(path.format(**world.ids, **_named(world)))


def sent(path: str, start: str = "", **fields: str) -> Visit:
    """Return a visit of what a form answers; `start` is the page that has it."""

    def visit(page: Page, world: World) -> None:
        values = world.ids | _named(world)
        page.goto((start or path).format(**values))
        send(page, path.format(**values), **fields)

    return visit


def _named(world: World) -> dict[str, object]:
    """Return what addresses call the mails that are seeded."""
    held = {f"held_{name.replace(' ', '_')}": each for name, each in world.held.items()}
    waiting, taken, failed, *_others = world.copies
    return {**held, "waiting": waiting, "taken": taken, "failed": failed}
