"""What the phone meets: schemas and handlers, side by side, one module a feature. Thin: parse, one call, dump."""
