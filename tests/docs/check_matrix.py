# SPDX-License-Identifier: Apache-2.0
"""Every row of the fault matrix (tests/flow/fault_rows.cpp) stands in the table of docs/verdicts.md, with its cause."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
source = (root / "tests/flow/fault_rows.cpp").read_text()
table = (root / "docs/verdicts.md").read_text().split("## The fault matrix", 1)[1]
# A row is row("what", …, "cause") or chat("what", …, "cause"); its end is a cause of the verdicts in quotes.
causes = "utf8|sse|json|shape|splice|finish|finish_reason|content_type|upstream_[a-z]+|concurrency|transient|overloaded|auth|repaired|unchecked|intact"
rows = dict(re.findall(rf'\b(?:row|chat)\("([^"]+)",.*?"({causes})"\)', source, re.S))
described = {cells[1].strip(): cells for line in table.splitlines() if len(cells := line.split("|")) > 3}
wrong = [f"{what}: no line in docs/verdicts.md" for what in rows if what not in described]
wrong += [f"{what}: the cause is {cause}" for what, cause in rows.items()
          if what in described and f"`{cause}`" not in "".join(described[what])]
print("\n".join(wrong) or f"{len(rows)} rows described")
sys.exit(bool(wrong) or len(rows) < 30)
