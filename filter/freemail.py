"""Domains where anybody gets an address for nothing; the list is the store's."""

from mailstore.freemail import FREE_MAIL

__all__ = ["FREE_MAIL"]
