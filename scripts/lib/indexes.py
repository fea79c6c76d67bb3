"""Print pip's settings of where packages come from as the settings of uv that mean the same, for a shell to take. What uv has already is left."""

import os
import shlex
import subprocess
import sys

SAME = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}
"""pip's option -> uv's variable. Both take several values with spaces between them, except UV_FIND_LINKS, which wants commas."""

STRONGER_LAST = ("global", "install", ":env:")


def settings(listed: str) -> dict[str, str]:
    """uv's variables from the lines of `pip config list`, such as `global.index-url='https://index.example.com/simple'`."""
    found: dict[str, tuple[int, str]] = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        words = " ".join(shlex.split(value)).split()
        if option in SAME and section in STRONGER_LAST and words:
            rank = STRONGER_LAST.index(section)
            separator = "," if option == "find-links" else " "
            found[option] = max(found.get(option, (-1, "")), (rank, separator.join(words)))
    said = {SAME[option]: value for option, (_, value) in found.items()}
    if "UV_INDEX" in said:
        said["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # pip looks at all of its indexes; the hashes say what may be installed
    return said


def main() -> None:
    """Print one `export NAME=value` a line."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False).stdout
    for name, value in settings(listed.replace("\\n", " ")).items():
        if name not in os.environ:
            print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    main()
