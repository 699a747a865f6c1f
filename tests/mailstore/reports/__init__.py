"""Tests of mailstore/reports: times, drafts, links, own choices."""
