"""What examination says of a mail, the same for all its recipients; values only."""

from dataclasses import dataclass, field

from mailstore.addresses import Address
from mailstore.envelopes import Summary, Symbol


@dataclass(frozen=True, slots=True)
class Findings:
    """Symbols, summary, and what the rules of a tenant need to know.

    `lines` are our authentication results; `proofs` what proves the one author: `dmarc`, and
    `spf` or `dkim` where their domain is aligned. `reply_to` are addresses; `tokens` are what
    is learned from; `authors` are names and addresses of From, however many it claims.
    """

    symbols: tuple[Symbol, ...]
    summary: Summary = field(default_factory=Summary)
    lines: tuple[str, ...] = ()
    spf: str = "none"
    proofs: frozenset[str] = frozenset()
    reply_to: tuple[str, ...] = ()
    authors: tuple[tuple[str, str], ...] = ()
    tokens: tuple[int, ...] = ()
    hops: int = 0

    @property
    def author(self) -> Address | None:
        """The From address, if there is exactly one that can be read."""
        return self.summary.author

    @property
    def names(self) -> frozenset[str]:
        """The names of all symbols."""
        return frozenset(symbol.name for symbol in self.symbols)
