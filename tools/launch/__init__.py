"""`make run`: from a bare checkout to a running installation, with nothing but Python and make."""
