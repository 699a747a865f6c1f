"""What shows mail: all that a person sees over HTTP."""

from typing import Any


def create_app(*a: Any) -> Any: ...
