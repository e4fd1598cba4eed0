"""Ways to run a suite: its checks alone on made rows, all of it on a model, or a model under load."""
