"""Measurements: each a ratio against its bare limit, taken in the same run on the same machine."""
