"""Looking after the sender lists of a tenant, its domains and its people."""
