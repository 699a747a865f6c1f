"""Where to go next: only to a path of our own."""

from urllib.parse import urlsplit


def own_path(text: str) -> str | None:
    """Return a path of this portal, or None for anything that could lead elsewhere.

    Browsers read backslashes as slashes and drop tabs and line ends.
    """
    if not text.startswith("/") or text.startswith("//") or "\\" in text:
        return None
    if any(ord(char) <= ord(" ") for char in text):
        return None
    parts = urlsplit(text)
    return None if parts.scheme or parts.netloc or parts.path.startswith("//") else text
