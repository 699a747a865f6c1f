"""Reports about a tenant's domains: pages, charts, and the mails that subscriptions ask for."""
