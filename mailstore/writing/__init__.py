"""Writing: what people of the emergency webmail write, from the first letter to the queue."""
