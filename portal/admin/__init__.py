"""Pages of a tenant's administrator."""
