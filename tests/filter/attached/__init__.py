"""Tests of what a mail carries, and mails made for them."""
