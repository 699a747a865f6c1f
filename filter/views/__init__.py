"""What rules look at in a mail: its fields, way, words, links and page, each worked out once."""
