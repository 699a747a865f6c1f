"""The tests; mailstore, filter and portal below mirror the source."""
