"""The rules: one file each; it is found by itself."""
