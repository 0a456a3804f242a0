#!/usr/bin/env python3
"""Prints the sizes of our files and functions, largest first: a picture for people, nothing is enforced.

Aims: file 400 lines (test 600, header 200), function 60.
"""
import re
import sys

from sources import ROOT, own_sources

SHOWN = 12
LITERALS = re.compile(r"""//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'""", re.S)
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b[^;()]*$")


def blank(match):
    """Comments and literals without their text, with their line ends, so that braces in them do not count."""
    return re.sub(r"[^\n]", " ", match.group(0))


def functions(text):
    """(lines, first line, head) of each function body that is not inside another function."""
    text = LITERALS.sub(blank, text)
    text = re.sub(r"^\s*#.*(?:\\\n.*)*$", blank, text, flags=re.M)
    found, depth, start, head_start = [], 0, None, 0
    stack = []
    for position, character in enumerate(text):
        if character == "{":
            head = text[head_start:position]
            opens_function = start is None and "(" in head and not SCOPE.search(head.split("(")[0])
            if opens_function:
                start = (position, head)
            stack.append(opens_function)
            depth += 1
            head_start = position + 1
        elif character == "}" and stack:
            if stack.pop():
                body, head = start
                first = text.count("\n", 0, body) + 1 - head.lstrip().count("\n")
                found.append((text.count("\n", 0, position) + 2 - first, first, " ".join(head.split())))
                start = None
            depth -= 1
            head_start = position + 1
        elif character == ";" and start is None:
            head_start = position + 1
    return found


def table(title, rows):
    print(f"\n{title}")
    for lines, name in sorted(rows, reverse=True)[:SHOWN]:
        print(f"{lines:6}  {name}")


def main():
    files, bodies = [], []
    for path in own_sources():
        text = (ROOT / path).read_text()
        files.append((text.count("\n"), str(path)))
        for lines, first, head in functions(text):
            name = re.search(r"([~\w:]+(?:\s*(?:==|<=>|<<|\(\)))?)\s*\(", head)
            bodies.append((lines, f"{path}:{first} {name.group(1) if name else head[:60]}"))
    product = [row for row in files if not row[1].startswith("tests/")]
    print(f"{len(product)} product files, {sum(row[0] for row in product)} lines; "
          f"{len(files) - len(product)} test files, {sum(row[0] for row in files if row not in product)} lines; "
          f"{len(bodies)} functions, {sum(row[0] > 60 for row in bodies)} above 60 lines")
    table("largest product files (aim: 400)", product)
    table("largest test files (aim: 600)", [row for row in files if row[1].startswith("tests/")])
    table("largest functions (aim: 60)", bodies)
    return 0


if __name__ == "__main__":
    sys.exit(main())
