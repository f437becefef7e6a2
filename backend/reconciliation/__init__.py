"""The day after: the provider's bills against our ledger, each difference worked off, each day sealed."""
