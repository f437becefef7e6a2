"""Pictures: taken in, made harmless, kept under random names."""
