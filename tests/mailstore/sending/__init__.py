"""Tests of mailstore/sending: who may send, with what, how much, and how it goes out."""
