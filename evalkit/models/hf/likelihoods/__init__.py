"""How probable texts are: row by row, or many at once with what they share read once."""
