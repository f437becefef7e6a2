"""What we owe to the outside: written with what causes it, sent with no transaction open, never sent as another."""
