"""What Mailhafen remembers: every row, byte and job, and every change of state."""
