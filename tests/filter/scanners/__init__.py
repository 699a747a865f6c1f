"""Tests of engines outside: real ones, and fakes that misbehave."""
