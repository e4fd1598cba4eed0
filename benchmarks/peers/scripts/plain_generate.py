"""The floor: transformers' own `generate` over left-padded batches.

python plain_generate.py MODEL ROWS RESULTS BATCH TOKENS
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, source, target, batch, limit = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
with Path(source).open(encoding="utf-8") as file:
    rows = [json.loads(line) for line in file]
with Path(target).open("w", encoding="utf-8") as file, torch.inference_mode():
    for start in range(0, len(rows), int(batch)):
        part = rows[start : start + int(batch)]
        chats = [[{"role": "user", "content": row["prompt"]}] for row in part]
        texts = [tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) for chat in chats]
        asked = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
        out = model.generate(**asked, max_new_tokens=int(limit), do_sample=False)
        answers = tokenizer.batch_decode(out[:, asked["input_ids"].shape[1] :], skip_special_tokens=True)
        told = ({"id": row["id"], "answer": answer} for row, answer in zip(part, answers, strict=True))
        file.writelines(json.dumps(one) + "\n" for one in told)
