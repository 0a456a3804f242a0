#!/usr/bin/env python3
"""./dev bench vm: instructions per byte, in a guest whose clock counts them; figures that do not depend on the host.

Boots Debian's stock kernel under QEMU with one CPU and `-icount shift=3` (tests/vm/run_guest.sh --instructions), where CPU
time is instructions, 125 per microsecond, and runs vm_guest.py there: TCP through the tunnel, TLS 1.3 AES-256-GCM, MTU
1452, up (from the client) and down, with Debian's sstpc + pppd and with our own client, TLS in user space and in the
kernel. Quote such figures only against others of the same mode; those of other servers, measured in the same way, are
below (lab measurements with sstpc). The gateway's own counter runs for whatever the kernel does in its name, softirq
work included.

vm.py BIN [--quick]
"""
import argparse
import json
import pathlib
import subprocess
import sys

from lib import plot
from lib.report import FOLDER, ROOT, Report, machine_line, number, table
from lib.stage import Failure, main

# Server's and whole machine's instructions per byte, up and down; ping in ms; Minsn per set-up.
PEERS = {"accel-ppp, pty": (100, 96, 325, 354, 1.94, 12.5), "accel-ppp, own kernel module": (80, 80, 238, 255, 1.60, 12.6),
         "SoftEther 4.44": (98, 101, 252, 281, 2.55, 31.6)}
BEST_PEER = 80
UNITS = {"server_instructions_per_byte": "instructions/byte", "server_user_instructions_per_byte": "instructions/byte",
         "payload_octets_per_wakeup": "octets", "machine_instructions_per_byte": "instructions/byte",
         "mbit_per_second": "Mbit/s of guest time", "ping_ms": "ms", "gateway_minsn_per_setup": "Minsn",
         "controlplane_minsn_per_setup": "Minsn", "gateway_kib_per_session": "KiB"}


def run_guest(binaries, quick):
    results = FOLDER / "vm"
    (results / "vm.json").unlink(missing_ok=True)
    command = [ROOT / "tests/vm/run_guest.sh", "--kernel", ROOT / "build/guest-kernel", "--timeout", "3000", "--keep", results,
               "--instructions", sys.executable, pathlib.Path(__file__).with_name("vm_guest.py"), binaries]
    done = subprocess.run([str(word) for word in command] + (["--quick"] if quick else []), check=False)
    if done.returncode != 0 or not (results / "vm.json").exists():
        raise Failure(f"the guest's run failed, exit code {done.returncode}; its output is in {results}")
    return json.loads((results / "vm.json").read_text())


def tell(report, figures):
    for name, value in figures.items():
        unit = next(unit for prefix, unit in UNITS.items() if name.startswith(prefix))
        report.add(name, value, unit)
    rows = [[name, *(number(value, digits) for value, digits in zip(row, (1, 1, 0, 0, 2, 1)))]
            for name, row in PEERS.items()]
    best = {}
    for client, words in (("sstpc", "sstpc"), ("own", "our client")):
        for where in ("user", "kernel"):
            key = f"{client}_{where}"
            at = lambda prefix, k=key: figures[f"{prefix}_{k}"]
            up, down = at("server_instructions_per_byte", f"{key}_up"), at("server_instructions_per_byte", f"{key}_down")
            best[client] = min(best.get(client, 1e9), max(up, down))
            setup = figures[f"gateway_minsn_per_setup_{where}"] + figures[f"controlplane_minsn_per_setup_{where}"]
            rows.append([f"sstp-gateway, TLS in {where} space, {words}", number(up, 1), number(down, 1),
                         number(at("machine_instructions_per_byte", f"{key}_up"), 0),
                         number(at("machine_instructions_per_byte", f"{key}_down"), 0), number(at("ping_ms")),
                         number(setup, 1) if client == "own" else "-"])
            report.add(f"server_to_best_peer_{key}_up", up / BEST_PEER, "ratio")
            report.add(f"server_to_best_peer_{key}_down", down / BEST_PEER, "ratio")
    print("\n" + table(["instructions per byte", "server up", "down", "machine up", "down", "ping ms", "Minsn per set-up"], rows))
    why = [[f"{words}, TLS in {where} space",
            *(number(figures[f"{metric}_{client}_{where}_{direction}"], digits) for metric, digits in (
                ("server_user_instructions_per_byte", 1), ("payload_octets_per_wakeup", 0)) for direction in ("up", "down"))]
           for client, words in (("sstpc", "sstpc"), ("own", "our client")) for where in ("user", "kernel")]
    print("\n" + table(["where the gateway's go", "outside of the kernel: up", "down", "octets per wake-up: up", "down"], why))
    for client, aim in (("sstpc", 0.25), ("own", 0.125)):
        report.add(f"best_to_best_peer_{client}", best[client] / BEST_PEER, "ratio")
        print(f"  {client}: {number(best[client] / BEST_PEER, 3)} of the best peer's {BEST_PEER} (aim: {aim})")
    for where, target in (("user", 80), ("kernel", 24)):
        print(f"  gateway memory per idle session, TLS in {where} space: "
              f"{number(figures[f'gateway_kib_per_session_{where}'], 1)} KiB (target: {target})")
    points = lambda client, direction: [(x, figures[f"server_instructions_per_byte_{client}_{where}_{direction}"])
                                        for x, where in enumerate(("user", "kernel"))]
    plot.draw("vm", [{"title": "Server instructions per byte", "x": "TLS in user space (0), in the kernel (1)",
                      "y": "instructions per byte", "ticks": [0, 1],
                      "series": [(f"{client}, {direction}", points(client, direction)) for client in ("sstpc", "own")
                                 for direction in ("up", "down")] + [("best peer", [(0, BEST_PEER), (1, BEST_PEER)])]}])


def body():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    print(machine_line())
    report = Report("vm")
    tell(report, run_guest(pathlib.Path(options.bin).resolve(), options.quick))
    report.write()


if __name__ == "__main__":
    main(body)
