"""What people write for all to read: checked before it is shown, by a person where the check does not say yes."""
