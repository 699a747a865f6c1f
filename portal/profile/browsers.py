"""What a browser and its machine are called, from what they say of themselves (User-Agent)."""

from flask_babel import gettext as _

# In this order: nearly every browser claims to be Safari, and most to be Chrome as well.
BROWSERS = (
    ("Edge", ("Edg/", "EdgA/", "EdgiOS/")),
    ("Firefox", ("Firefox/", "FxiOS/")),
    ("Chrome", ("Chrome/", "CriOS/", "Chromium/")),
    ("Safari", ("Safari/",)),
)
# An iPhone claims to be like a Mac, and Android is a Linux.
SYSTEMS = (
    ("iPhone", ("iPhone",)),
    ("iPad", ("iPad",)),
    ("Android", ("Android",)),
    ("Windows", ("Windows",)),
    ("macOS", ("Macintosh", "Mac OS X")),
    ("Linux", ("Linux", "X11")),
)


def in_words(agent: str) -> str:
    """Return browser and system as people say it; nothing of the text itself is shown."""
    browser, system = _first(BROWSERS, agent), _first(SYSTEMS, agent)
    if browser and system:
        return str(_("%(browser)s on %(system)s", browser=browser, system=system))
    return browser or system or str(_("Another program"))


def _first(names: tuple[tuple[str, tuple[str, ...]], ...], agent: str) -> str:
    return next((name for name, marks in names if any(mark in agent for mark in marks)), "")
