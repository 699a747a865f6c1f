"""Tests of what people are told of an outage."""
