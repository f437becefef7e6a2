"""Text in, picture out: link codes, QR codes, posters and share cards. Imports nothing else of the platform."""
