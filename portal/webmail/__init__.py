"""The emergency webmail: reading retention copies, and having one delivered again."""
