"""The scheduler process: a ticker, a table of periods that decides, and the small steps in between (law 10)."""
