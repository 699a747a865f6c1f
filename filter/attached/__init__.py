"""What a mail carries: attachments under every name, archives opened, other readings of it."""
