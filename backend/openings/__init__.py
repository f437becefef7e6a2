"""Who opened what of whom: values of the vault shown to staff, each with a right, a reason and a row that stays."""
