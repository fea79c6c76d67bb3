"""Write docs/towpath.schema.json, which editors read, from the schema that judges policies; or check it."""

import json
import sys
from pathlib import Path

from workers.domain.policy_schema import SCHEMA

FILE = Path(__file__).resolve().parents[2] / "docs/towpath.schema.json"


def text() -> str:
    """The file as it must be."""
    return json.dumps(SCHEMA, indent=2) + "\n"


def main() -> int:
    """The exit status."""
    if "--check" not in sys.argv[1:]:
        FILE.write_text(text())
        return 0
    if FILE.exists() and FILE.read_text() == text():
        return 0
    print("docs/towpath.schema.json is not what the code says. Run scripts/schema to write it anew.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
