"""Tests of mailstore/erasure: what is over is gone, wherever one looks."""
