"""Receipts: numbers per organisation and year, cancelling papers, waivers, codes to verify them (慈善法 38)."""
