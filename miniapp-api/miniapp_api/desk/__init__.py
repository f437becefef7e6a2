"""The cadre's desk: everything that staff do, each act within their region and with their right."""
