"""What we hold about people, sealed: one key a person, one table of values, consent, and who looked (law 12)."""
