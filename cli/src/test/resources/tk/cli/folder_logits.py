"""What transformers computes with models' folders: folder_logits.py IDS.json FOLDER...

Each folder gets logits.safetensors: "0", "1", ... for the lists of ids, as F32 of the weights as they are.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

prompts = json.loads(Path(sys.argv[1]).read_text())
for folder in map(Path, sys.argv[2:]):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.no_grad():
        logits = {str(i): model(torch.tensor([ids])).logits[0].contiguous() for i, ids in enumerate(prompts)}
    save_file(logits, folder / "logits.safetensors")
