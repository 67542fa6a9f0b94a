"""Renders templates with jinja2 as transformers configures it.

Usage: render.py CASES OUTPUT
CASES: {"variables": {...}, "cases": [{"template": ..., "variables": {...}?}, ...]}
OUTPUT: the same with "expected" (the text) or "error" (the exception's type) in each case.
"""
import copy
import datetime
import json
import sys

import jinja2
import jinja2.ext
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_caller"), [], [], body).set_lineno(line)

    def _caller(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


environment = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
environment.globals["strftime_now"] = datetime.datetime(2026, 2, 3, 4, 5, 6).strftime

with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file)
for case in document["cases"]:
    case.pop("expected", None)
    case.pop("error", None)
    try:
        template = environment.from_string(case["template"])
        # Some filters change a list that they are given: `indent` adds a line feed to it.
        variables = copy.deepcopy(document.get("variables", {}) | case.get("variables", {}))
        case["expected"] = template.render(**variables)
    except Exception as e:
        case["error"] = type(e).__name__
with open(sys.argv[2], "w", encoding="utf-8", newline="\n") as file:
    json.dump(document, file, ensure_ascii=False, indent=1)
    file.write("\n")
