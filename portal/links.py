"""Signed tokens of report links: a random id and a kind, signed with a salt per purpose.

The token says nothing to who decodes it; the row behind the id knows the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from itsdangerous import BadSignature, URLSafeSerializer

from mailstore.reports.rows import LinkKind

SALT = "report-link"


class LinkForged(Exception):
    """The token was not signed by us."""


@dataclass(frozen=True)
class LinkSigner:
    """Signs with the newest key, reads with all of them (newest first)."""

    keys: Sequence[str]

    def sign(self, link_id: str, kind: LinkKind) -> str:
        """Return the token of a link."""
        return str(self._serializer.dumps([link_id, kind.value]))

    def read(self, token: str) -> tuple[str, LinkKind]:
        """Return id and kind of a token, or raise LinkForged."""
        try:
            link_id, kind = self._serializer.loads(token)
            return str(link_id), LinkKind(kind)
        except (BadSignature, ValueError, TypeError) as error:
            raise LinkForged from error

    @cached_property
    def _serializer(self) -> URLSafeSerializer:
        # itsdangerous signs with the last key of a list.
        return URLSafeSerializer(list(reversed(self.keys)), salt=SALT)
