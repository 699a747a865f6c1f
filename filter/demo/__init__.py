"""The demo: everything on one machine, with a pretend customer whose server can fail."""
