"""Tests of mailstore/sending: who may send, and how safe the way out is."""
