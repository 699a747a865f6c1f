"""Domains of a tenant: claimed until DNS proves them, looked at, and changed."""
