"""One command per figure of docs/operations.md; all on loopback, on throw-away data."""
