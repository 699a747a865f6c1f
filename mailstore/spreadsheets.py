"""Cells of tables that people open with a spreadsheet program."""

# What such a program would take for the beginning of a formula, or read over to one.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
QUOTE = "'"
# It parts cells by a semicolon where a comma is part of a number.
COMMA, SEMICOLON = ",", ";"


def inert(text: str) -> str:
    """Return a cell in which a spreadsheet finds no formula."""
    return QUOTE + text if text.lstrip(QUOTE).startswith(FORMULA) else text


def unquoted(text: str) -> str:
    """Return what a cell says that `inert` may have written."""
    text = text.strip()
    quoted = text.startswith(QUOTE) and text.lstrip(QUOTE).startswith(FORMULA)
    return text[1:] if quoted else text
