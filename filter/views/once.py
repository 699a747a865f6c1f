"""What several rules ask of the same mail is worked out once, and forgotten with the mail."""

import functools
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

from mailstore.mime import Mail

T = TypeVar("T")


def once_per_mail(function: Callable[[Mail], T]) -> Callable[[Mail], T]:
    """Make a function of a mail remember its answer for as long as that mail lives."""
    answers: WeakKeyDictionary[Mail, T] = WeakKeyDictionary()

    @functools.wraps(function)
    def remembered(mail: Mail) -> T:
        if mail not in answers:
            answers[mail] = function(mail)
        return answers[mail]

    return remembered
