"""What a condition makes of a request: other rows beside it, another layout of its batch, a process of its own."""
