"""Which files are ours: the C and C++ sources below the product's folders, in a stable order."""
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("proto", "gateway", "controlplane", "ebpf", "snmp", "tests")


def own_sources(root=ROOT):
    """Paths relative to `root`."""
    found = []
    for folder in FOLDERS:
        for suffix in ("*.h", "*.cc", "*.c"):
            found += [path.relative_to(root) for path in (root / folder).rglob(suffix)]
    return sorted(found)
