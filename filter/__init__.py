"""What moves mail: all that talks a mail protocol or judges a message."""
