"""Tests of what Mailhafen remembers, one file for each module."""
