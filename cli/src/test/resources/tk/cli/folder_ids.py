"""What transformers makes of tokenizers' folders: folder_ids.py TEXTS.json FOLDER...

Each folder gets transformers.json: the ids of every text, without the tokens around it.
"""

import json
import sys
from pathlib import Path

from transformers import AutoTokenizer

texts = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
for folder in map(Path, sys.argv[2:]):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = [tokenizer.encode(text, add_special_tokens=False) for text in texts]
    (folder / "transformers.json").write_text(json.dumps(ids), encoding="utf-8")
