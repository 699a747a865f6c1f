"""Tests of finding mail."""
