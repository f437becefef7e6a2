"""Links that lead to a project or a village: printed on posters, passed on by people, revoked when abused."""
