"""Results of a benchmark: printed as a table, written as build/bench/NAME.json, a list of {"metric", "value", "unit"}.

The machine is part of the list (unit "text"), so that no figure is ever quoted without it.
"""
import json
import os
import pathlib
import platform
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
FOLDER = ROOT / "build" / "bench"


def machine():
    """What the figures depend on: {"machine_cpu", "machine_cores", "machine_kernel", "machine_openssl", ...}."""
    cpu = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    total = int(re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1))
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=False).stdout.strip()
    return {"machine_cpu": cpu.group(1) if cpu else platform.machine(),
            "machine_cores": len(os.sched_getaffinity(0)),
            "machine_memory_gib": round(total / 1048576, 1),
            "machine_kernel": f"{platform.system()} {platform.release()}",
            "machine_openssl": openssl}


def machine_line():
    facts = machine()
    return (f"{facts['machine_cpu']}, {facts['machine_cores']} cores, {facts['machine_memory_gib']} GiB, "
            f"{facts['machine_kernel']}, {facts['machine_openssl']}")


def rounded(value):
    """Four significant digits; more are noise."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


class Report:
    def __init__(self, name):
        self.name = name
        self.rows = []

    def add(self, metric, value, unit):
        self.rows.append({"metric": metric, "value": rounded(value), "unit": unit})

    def write(self):
        """build/bench/NAME.json; the path."""
        units = {"machine_cores": "cores", "machine_memory_gib": "GiB"}
        facts = [{"metric": key, "value": value, "unit": units.get(key, "text")} for key, value in machine().items()]
        FOLDER.mkdir(parents=True, exist_ok=True)
        file = FOLDER / f"{self.name}.json"
        lines = ",\n  ".join(json.dumps(row) for row in self.rows + facts)
        file.write_text(f"[\n  {lines}\n]\n")
        print(f"written to {os.path.relpath(file)}")
        return file

    def print_metrics(self, names):
        """"metric value unit" lines of these metrics."""
        for row in self.rows:
            if row["metric"] in names:
                print(f"  {row['metric']:34} {row['value']:>10} {row['unit']}")


def number(value, digits=2):
    return "-" if value is None else f"{value:,.{digits}f}"


def table(head, rows):
    """Text of a table: first column left, the others right."""
    cells = [list(map(str, row)) for row in [head, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = ["  " + "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                              for i, (cell, width) in enumerate(zip(row, widths))) for row in cells]
    lines.insert(1, "  " + "  ".join("-" * width for width in widths))
    return "\n".join(lines)
