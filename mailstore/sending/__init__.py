"""Sending: who may send mail through us, as whom, how much, and what becomes of it."""
