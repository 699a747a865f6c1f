"""Macros of office documents: whether there are any, and whether they do harm.

oletools reads them. It is imported only for a document that has macros, because each child
would otherwise carry it in memory.
"""

import re
import warnings
from enum import IntEnum

from filter.attached.magic import OLE

LONGEST_CODE = 2**20
_PROJECT = "_VBA_PROJECT".encode("utf-16-le")
_WORKBOOK = "Workbook".encode("utf-16-le")
_PACKAGE = "EncryptedPackage".encode("utf-16-le")
# [MS-XLS] 2.4.28: a sheet of the workbook, visible or hidden, that holds macros of Excel 4.
_MACRO_SHEET = re.compile(rb"\x85\0[\x08-\x60]\0.{4}([\0-\x02])\x01", re.DOTALL)


class Macros(IntEnum):
    """What macros of a document do, by how much it matters."""

    NONE = 0
    SOME = 1
    DANGEROUS = 2


def macros_in(content: bytes) -> Macros:
    """Return what macros of an OLE file do; those that cannot be read are only there."""
    if not content.startswith(OLE):
        return Macros.NONE
    if _PROJECT in content:
        return Macros.DANGEROUS if _harms(_code(content)) else Macros.SOME
    sheet = _MACRO_SHEET.search(content) if _WORKBOOK in content else None
    if sheet is None:
        return Macros.NONE
    return Macros.SOME if sheet[1] == b"\0" else Macros.DANGEROUS


def is_locked(content: bytes) -> bool:
    """Return whether a file is an office document that opens with a password only."""
    return content.startswith(OLE) and _PACKAGE in content


def _code(content: bytes) -> str:
    """Return the source of all macros, as far as it can be read."""
    with warnings.catch_warnings():
        # oletools 0.60.2 calls pyparsing by names of before its version 3.
        warnings.simplefilter("ignore")
        from oletools.olevba import VBA_Parser  # noqa: PLC0415 (see above: for such files only)

        try:
            parser = VBA_Parser("document", data=content)
            pieces = [code for *_, code in parser.extract_macros() if isinstance(code, str)]
        except Exception:  # noqa: BLE001 (it raises whatever its parsers come upon)
            return ""
    return "\n".join(pieces)[:LONGEST_CODE]


def _harms(code: str) -> bool:
    """Return whether macros run by themselves, or start programs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from oletools.mraptor import MacroRaptor  # noqa: PLC0415 (see above: for such files only)

        verdict = MacroRaptor(code)
        verdict.scan()
    return bool(verdict.autoexec or verdict.execute)
