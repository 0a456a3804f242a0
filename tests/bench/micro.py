#!/usr/bin/env python3
"""./dev bench micro: what the pure parts of the data path cost, without any system call, by Google Benchmark.

Each benchmark runs several times for a fraction of a second; the table has the medians, CPU time per octet and per
packet, and how far apart the repetitions are. Needs no privilege.

micro.py BIN [--quick]
"""
import argparse
import json
import pathlib
import re
import subprocess

from lib import plot
from lib.report import Report, machine_line, number, table
from lib.stage import Failure, main, say

# Drawn against the size of the packet: (benchmark, label).
CURVES = (("FrameSingle", "frame one packet"), ("ParseUp", "take a frame apart"),
          ("ParseAndMergeUp", "take apart and merge"), ("FrameUdp", "cut and frame a super-packet"))


def run_all(program, quick):
    """Google Benchmark's rows: medians by name, and the coefficients of variation."""
    repetitions, seconds = (3, 0.05) if quick else (7, 0.3)
    done = subprocess.run([program, "--benchmark_format=json", f"--benchmark_repetitions={repetitions}",
                           f"--benchmark_min_time={seconds}", "--benchmark_report_aggregates_only=true"],
                          capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise Failure(f"{program}: exit code {done.returncode}\n{done.stderr}")
    medians, spreads = {}, {}
    for row in json.loads(done.stdout)["benchmarks"]:
        {"median": medians, "cv": spreads}.get(row.get("aggregate_name"), {})[row["run_name"]] = row
    return medians, spreads


def size_of(name):
    found = re.search(r"[/:](\d+)$", name)
    return int(found.group(1)) if found else None


def run():
    parser = argparse.ArgumentParser(prog="dev bench micro")
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    program = options.bin / "datapath_bench"
    if not program.exists():
        raise Failure(f"{program} is missing: it is built where libbenchmark-dev is installed")
    say(machine_line())
    medians, spreads = run_all(program, options.quick)
    results, rows = Report("micro"), []
    for name, row in medians.items():
        cells = [name]
        for counter, unit, digits in (("per_byte", "ns", 3), ("per_packet", "ns", 1)):
            value = row[counter] * 1e9 if counter in row else None
            cells.append(number(value, digits))
            if value is not None:
                results.add(f"{re.sub('[/:]', '_', name)}_{counter}", value, unit)
        rows.append([*cells, f"{100 * spreads[name]['cpu_time']:.1f}"])
    print(table(["benchmark", "ns/octet", "ns/packet", "spread %"], rows))
    series = []
    for wanted, label in CURVES:
        points = sorted((size_of(name), row["per_packet"] * 1e9) for name, row in medians.items()
                        if name.split("/")[0] == wanted and "per_packet" in row)
        series.append((label, points))
    plot.draw("micro", [{"title": "pure code, no system calls", "x": "octets of a packet", "y": "CPU, ns per packet",
                         "series": series}])
    results.write()
    return 0


if __name__ == "__main__":
    main(run)
