"""A Llama of random weights, so small that what is left is the loop around it.

python make_tiny_llama.py TOKENIZER ROWS FOLDER

The tokenizer is another model's, with its chat format, learnt anew on the rows: 512 tokens instead of 49,152. Weights
are large enough for answers to differ by prompt.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

source, rows, folder = sys.argv[1:]
with Path(rows).open(encoding="utf-8") as file:
    prompts = [json.loads(line)["prompt"] for line in file]
tokenizer = AutoTokenizer.from_pretrained(source).train_new_from_iterator(prompts, vocab_size=512)
torch.manual_seed(1)
config = LlamaConfig(
    vocab_size=len(tokenizer),
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=1024,
    initializer_range=0.6,
    bos_token_id=tokenizer.bos_token_id,
    eos_token_id=tokenizer.eos_token_id,
    pad_token_id=tokenizer.pad_token_id,
)
LlamaForCausalLM(config).save_pretrained(folder)
tokenizer.save_pretrained(folder)
