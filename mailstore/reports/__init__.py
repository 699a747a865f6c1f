"""Quarantine reports: when one is due, whose mail is in it, what is new, and what links open."""
