"""What people's decisions taught: how often a token was in spam and in good mail, per tenant."""

from collections.abc import Sequence

from sqlalchemy.orm import Session


def spam_probability(db: Session, tenant_id: int, tokens: Sequence[int]) -> float | None:
    """Return how likely a mail is spam; None as long as too little was learned."""
    return None
