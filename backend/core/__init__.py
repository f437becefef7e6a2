"""What every room of the house stands on: settings, database, clock, errors, ids, text, audit log."""
