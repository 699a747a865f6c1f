"""What pages show of a mail: read and made harmless in the sandbox, worded and given out here."""
