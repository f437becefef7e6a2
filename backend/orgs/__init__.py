"""The charitable organisations that raise money, with the certificate that allows it."""
