#!/usr/bin/env python3
"""Every source is formatted as .clang-format says. `clang-format-14 -i FILE` puts it right."""
import subprocess
import sys

from sources import ROOT, own_sources


def main():
    files = [str(path) for path in own_sources()]
    if not files:
        sys.exit("no sources found")
    result = subprocess.run(["clang-format-14", "--dry-run", "-Werror", *files], cwd=ROOT)
    print(f"{len(files)} files looked at")
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
