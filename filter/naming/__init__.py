"""The worker's part of domains: proving claims, looking at DNS, trying next hops."""
