"""Finding mail by its words: folding, what people type, the index, and what it finds."""
