"""convert_hf_to_gguf over many models in one process: convert_models.py SCRIPT JOBS.json

JOBS.json: [{"model": FOLDER, "outfile": FILE, "outtype": TYPE, "pre": NAME or null}]. A failure is left as FILE.error.
"""
import importlib.util
import json
import logging
import sys

from conversion.base import TextModel

script, jobs = sys.argv[1:3]
spec = importlib.util.spec_from_file_location("convert_hf_to_gguf", script)
converter = importlib.util.module_from_spec(spec)
spec.loader.exec_module(converter)
logging.disable(logging.INFO)
by_hash = TextModel.get_vocab_base_pre
for job in json.load(open(jobs, encoding="utf-8")):
    # A home-trained tokenizer's name is in no table of hashes.
    TextModel.get_vocab_base_pre = (lambda self, tokenizer, name=job["pre"]: name) if job.get("pre") else by_hash
    sys.argv = [script, job["model"], "--outfile", job["outfile"], "--outtype", job["outtype"]]
    try:
        converter.main()
    except (Exception, SystemExit) as failure:
        with open(job["outfile"] + ".error", "w", encoding="utf-8") as out:
            out.write(f"{type(failure).__name__}: {failure}")
