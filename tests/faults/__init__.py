"""Faults on purpose, one command each, with a ledger of what was promised and what became of it."""
