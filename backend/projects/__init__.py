"""What the money is for: projects, a village's mutual-aid fund, and what became of them."""
