# SPDX-License-Identifier: Apache-2.0
"""The pages that tell a reader what to type: their blocks and code spans. Knows nothing of running them."""
import pathlib
import re
from dataclasses import dataclass, field


@dataclass
class Block:
    language: str      # "sh", "json", "" = what a command prints
    text: str
    line: int          # of its first line in the page
    commands: list = field(default_factory=list)   # of an sh block: logical lines


def told_pages(root):
    """README, quickstart and the clients' pages, in the order in which a newcomer meets them."""
    root = pathlib.Path(root)
    return [root / "README.md", root / "docs/quickstart.md", *sorted((root / "docs/clients").glob("*.md"))]


def blocks(page):
    """(block, whether it stands right under a block of commands)."""
    text, end, language = page.read_text(), 0, ""
    for match in re.finditer(r"^```(\w*)[^\n]*\n(.*?)^```", text, re.M | re.S):
        block = Block(match[1], match[2], text[:match.start(2)].count("\n") + 1)
        if block.language == "sh":
            lines = [line.strip() for line in block.text.replace("\\\n", " ").splitlines()]
            block.commands = [line for line in lines if line and not line.startswith("#")]
        yield block, language == "sh" and not text[end:match.start()].strip()
        end, language = match.end(), block.language


def spans(page):
    """Commands in the prose: (command, whether it is a name in the first column of a table, not something to type)."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    for line in text.splitlines():
        first_cell = re.match(r"\|\s*`([^`]+)`\s*\|", line)
        for span in re.findall(r"`([^`\n]+)`", line):
            if re.match(r"(siltgate|deploy/run\.sh) \S", span):
                yield span, bool(first_cell) and first_cell[1] == span
