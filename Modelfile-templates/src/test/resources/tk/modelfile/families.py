"""Writes families.json: what jinja2 and Go's text/template make of every family's templates.

Usage: families.py TEMPLATES CONVERSATIONS OUTPUT   (with jinja2 installed and `go` on the PATH)
TEMPLATES: the folder of the templates; CONVERSATIONS: conversations.json.
Families whose chat template takes tools are rendered on the conversations with tools too.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

templates, conversations = pathlib.Path(sys.argv[1]), json.load(open(sys.argv[2], encoding="utf-8"))
here = pathlib.Path(__file__).parent.parent
OFF = " (thinking off)"


def text(path):
    return path.read_text(encoding="utf-8").removesuffix("\n")


def through(command, cases):
    with tempfile.TemporaryDirectory() as folder:
        given, made = pathlib.Path(folder, "given.json"), pathlib.Path(folder, "made.json")
        given.write_text(json.dumps(cases), encoding="utf-8")
        subprocess.run([*command, given, made], check=True)
        return json.loads(made.read_text(encoding="utf-8"))


families = text(templates / "names.txt").split()
keys, jinja, go = [], [], []
for family in families:
    chat, prompt = text(templates / f"{family}.jinja"), text(templates / f"{family}.gotmpl")
    talks = [(talk, None) for talk in conversations["conversations"]]
    if "tools" in chat:
        talks += [(talk, conversations["tools"]) for talk in conversations["toolConversations"]]
    for talk, tools in talks:
        for off in [False, True] if family == "qwen3" else [False]:
            keys.append((family, talk["name"] + (OFF if off else "")))
            variables = {"messages": talk["messages"], "tools": tools, "documents": None, "bos_token": "<s>",
                         "eos_token": "</s>", "add_generation_prompt": True}
            jinja.append({"template": chat, "variables": variables | ({"enable_thinking": False} if off else {})})
            go.append({"template": prompt, "messages": talk["messages"], "tools": tools or [],
                       **({"think": False} if off else {})})

chats = through([sys.executable, here / "jinja" / "render.py"], {"cases": jinja})["cases"]
prompts = through(["go", "run", here / "gotemplate" / "render.go"], go)
result = {family: {"chatPrompts": {}, "ollamaPrompts": {}} for family in families}
for (family, name), chat, prompt in zip(keys, chats, prompts):
    result[family]["chatPrompts"][name] = chat.get("expected")
    result[family]["ollamaPrompts"][name] = prompt["expected"]
with open(sys.argv[3], "w", encoding="utf-8", newline="\n") as file:
    json.dump(result, file, ensure_ascii=False, indent=1)
    file.write("\n")
