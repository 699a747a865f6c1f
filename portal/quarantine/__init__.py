"""What is held, and what people may do with it."""
