"""How an answer is written: the loop over batches, one step of it, its cache, and what changes its logits."""
