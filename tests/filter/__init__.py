"""Tests of what moves mail; they mirror the source."""
