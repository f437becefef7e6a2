"""Who: people by their device, staff by their account, and the one table of rights."""
