"""Backups that can be trusted: one snapshot, with hashes and the trial balance that a restore must end in (P23)."""
