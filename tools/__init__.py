"""What a developer or an operator runs before the product itself is installed: only the standard library."""
