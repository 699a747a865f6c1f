"""Hostile mail, by name, and its whole way: taken, listed, shown, reported, delivered."""
