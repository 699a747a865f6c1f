"""The trail of a decision: the questions in their order, down to the one that decided.

Administrators read it with a mail, so the lines are short, fixed English and hold no content.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mailstore.envelopes import Action


@dataclass(frozen=True, slots=True)
class Step:
    """One question of a decision: what is done and why if it `speaks`, what is noted if not."""

    asked: str
    speaks: bool
    action: Action
    reason: str
    said: str = "yes"
    silent: str = "no"


def follow(steps: Sequence[Step]) -> tuple[Action, str, tuple[str, ...]]:
    """Return action and reason of the first step that speaks, and the way to it."""
    trail: list[str] = []
    for step in steps:
        if step.speaks:
            trail.append(f"{step.asked}: {step.said} → {step.action}")
            return step.action, step.reason, tuple(trail)
        trail.append(f"{step.asked}: {step.silent}")
    trail.append(f"nothing speaks against it → {Action.DELIVER}")
    return Action.DELIVER, "score", tuple(trail)
