#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails on a relative link in README.md or docs/ whose file or heading does not exist."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1]).resolve()


def prose(path):
    """The text without code blocks and code spans, which may look like links."""
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(path):
    """Heading anchors as forges make them: lower case, punctuation dropped, blanks to dashes, repeats numbered."""
    seen, names = {}, set()
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)
    for heading in re.findall(r"^#{1,6} +(.*?) *#*$", text, re.M):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", heading).replace(" ", "-")
        seen[slug] = seen.get(slug, -1) + 1
        names.add(slug if seen[slug] == 0 else f"{slug}-{seen[slug]}")
    return names


problems, links = [], 0
for page in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
    for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        links += 1
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if root not in [file, *file.parents] or not file.exists():
            problems.append(f"{page.relative_to(root)}: no such file: {target}")
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            problems.append(f"{page.relative_to(root)}: no such heading: {target}")
print("\n".join(problems) or f"{links} relative links hold")
sys.exit(1 if problems or not links else 0)
