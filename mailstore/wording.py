"""Marks texts that people read, where they are written far from the page that shows them."""


def N_(text: str) -> str:  # noqa: N802 (the name that message extractors know)
    """Return the text as it is; the page translates it."""
    return text
