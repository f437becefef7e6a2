"""The demo story: five villages told through the services, marked as demo wherever it shows."""
