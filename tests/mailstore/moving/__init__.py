"""Tests of moving in: files, plans, and what carries them out."""
