"""Tests of mailstore/curation: lists of other filters, judged, entered and tidied."""
