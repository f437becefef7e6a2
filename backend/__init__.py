"""The domain of Happy Home, its persistence and its jobs. Knows no HTTP."""
