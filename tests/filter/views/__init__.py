"""Tests of what rules look at in a mail."""
