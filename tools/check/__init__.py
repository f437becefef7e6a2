"""`make test`, `make lint` and their kin: bring the machine up to what the checks need, then run them."""
