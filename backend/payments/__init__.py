"""How money comes in: orders, a provider's notices and queries, and the one way to PAID (laws 6, 7, 13)."""
