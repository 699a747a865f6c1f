"""What shows mail: all that a person or an administrator's program sees over HTTP."""
