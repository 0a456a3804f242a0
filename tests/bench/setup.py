#!/usr/bin/env python3
"""./dev bench setup: what a session's set-up and tear-down costs, both daemons included, next to bare TLS.

    client namespace                         server namespace
    sstp-test-client many --churn  ── veth ─ sstp-gateway :443 + sstp-controlplane
    sstp-test-client many --tls-only ─ veth ─ sstp-bench-accept-loop :4443 (accept, handshake, close; same certificate)

Each session authenticates with MS-CHAPv2, gets its address and interface, and leaves in order as soon as it is up. CPU
is that of all threads of a process, user and system, over a run, from before the first connect until the last interface
is gone, divided by the sessions of the run. Runs of both kinds alternate; the figures are medians of the runs. The
client shares the cores with the servers, so the rate is that of the whole.

setup.py BIN [--quick]
"""
import argparse
import json
import pathlib
import statistics

from lib import plot
from lib.report import Report, machine_line, number, table
from lib.stage import Stage, main, say

SERVER, BARE_PORT, CONCURRENCY = "192.168.10.1", 4443, 20
KEYS = {"rsa2048": "rsa", "ecdsa_p256": "ec"}
ONE_USER_MANY_TIMES = {"client-ip-pool": {"SSTP-POOL": {"range": ["10.1.0.0/16"]}}, "single-session": "none"}
HEADLINE = "ecdsa_p256"  # the key that makes TLS cheap, so the harder measure


class Costs:
    """CPU in microseconds per set-up of one kind of client: medians over runs."""

    def __init__(self):
        self.gateway, self.control_plane, self.bare, self.rates, self.bare_rates = [], [], [], [], []

    def ours(self):
        return statistics.median(a + b for a, b in zip(self.gateway, self.control_plane))

    def ratio(self):
        return statistics.median((a + b) / c for a, b, c in zip(self.gateway, self.control_plane, self.bare))


class Setup:
    def __init__(self, stage):
        self.stage = stage
        self.server, self.client = stage.netns("server"), stage.netns("client")
        stage.veth((self.server, "wan0", f"{SERVER}/24"), (self.client, "wan0", "192.168.10.100/24"))
        self.bare = None

    def start(self, kind):
        stage = self.stage
        stage.make_pki(SERVER, key=kind)
        stage.start_daemons(stage.config(ONE_USER_MANY_TIMES), self.server)
        self.bare = stage.start("accept-loop", [stage.bin / "sstp-bench-accept-loop", BARE_PORT,
                                                stage.folder / "server.pem", stage.folder / "server.key", 2], self.server)
        stage.wait_for("the accept loop", lambda: stage.listens(self.bare, BARE_PORT))

    def stop(self):
        for process in (self.bare, self.stage.gateway, self.stage.control_plane):
            self.stage.stop(process)
        self.stage.operator.unlink(missing_ok=True)

    def drive(self, port, tls, sessions, concurrency, kind):
        """Set-ups and tear-downs per second; all must succeed."""
        report = json.loads(self.stage.run(
            self.stage.client(f"{SERVER}:{port}", "--tls", tls, "many", "--sessions", sessions, "--concurrency",
                              concurrency, kind, "--json"), self.client, seconds=600, check=False).splitlines()[-1])
        if report["closed_cleanly"] != sessions:
            raise self.stage.failure(f"not all of {sessions} came up and closed: {json.dumps(report)}")
        return report["setup_rate_per_second"]

    def interfaces_gone(self):
        lines = pathlib.Path(f"/proc/{self.stage.gateway.pid}/net/dev").read_text().splitlines()[2:]
        return all(line.split(":")[0].strip() in ("lo", "wan0") for line in lines)

    def measure(self, costs, tls, sessions, concurrency=CONCURRENCY):
        stage = self.stage
        before = stage.gateway.cpu_seconds(), stage.control_plane.cpu_seconds()
        costs.rates.append(self.drive(443, tls, sessions, concurrency, "--churn"))
        stage.wait_for("all interfaces being gone", self.interfaces_gone)
        costs.gateway.append((stage.gateway.cpu_seconds() - before[0]) * 1e6 / sessions)
        costs.control_plane.append((stage.control_plane.cpu_seconds() - before[1]) * 1e6 / sessions)
        before = self.bare.cpu_seconds()
        costs.bare_rates.append(self.drive(BARE_PORT, tls, sessions, concurrency, "--tls-only"))
        costs.bare.append((self.bare.cpu_seconds() - before) * 1e6 / sessions)


def tell(report, results, sweep):
    median = statistics.median
    rows = []
    for (key, tls), costs in results.items():
        gateway, control_plane, bare = median(costs.gateway), median(costs.control_plane), median(costs.bare)
        rows.append([f"{key}, TLS {tls}", number(median(costs.rates), 0), number(gateway, 0), number(control_plane, 0),
                     number(bare, 0), number(costs.ratio())])
        suffix = f"{key}_tls{tls.replace('.', '')}"
        report.add(f"setup_rate_{suffix}", median(costs.rates), "1/s")
        report.add(f"bare_tls_rate_{suffix}", median(costs.bare_rates), "1/s")
        report.add(f"gateway_cpu_per_setup_{suffix}", gateway, "us")
        report.add(f"controlplane_cpu_per_setup_{suffix}", control_plane, "us")
        report.add(f"bare_tls_cpu_per_accept_{suffix}", bare, "us")
        report.add(f"cpu_to_bare_tls_{suffix}", costs.ratio(), "ratio")
    for key in KEYS:
        report.add(f"cpu_to_bare_tls_{key}", results[key, "1.3"].ratio(), "ratio")
    report.add("cpu_to_bare_tls", results[HEADLINE, "1.3"].ratio(), "ratio")
    print("\n" + table(["", "set-ups/s", "gateway us", "control plane us", "bare TLS us", "ratio"], rows))
    print(f"\n  cpu_to_bare_tls = {number(results[HEADLINE, '1.3'].ratio())} ({HEADLINE}, TLS 1.3); target <= 2")
    plot.draw("setup", [{
        "title": "CPU per set-up and tear-down, TLS 1.3", "x": "set-ups in progress", "y": "microseconds",
        "ticks": sorted({n for _, n in sweep}),
        "series": [(f"{key}, {name}", [(n, of(costs)) for (k, n), costs in sorted(sweep.items()) if k == key])
                   for key in KEYS
                   for name, of in (("both daemons", Costs.ours), ("bare TLS", lambda c: median(c.bare)))]}],
              logscale_x=True)


def body():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    runs, sessions, steps = (3, 150, (1, 5, 80)) if options.quick else (7, 600, (1, 5, 80, 320))
    report, results, sweep = Report("setup"), {}, {}
    print(machine_line())
    with Stage(options.bin) as stage:
        bench = Setup(stage)
        for key, kind in KEYS.items():
            say(f"{key}: {runs} runs of {sessions} sessions for each TLS version, {CONCURRENCY} at one time, then "
                f"{', '.join(map(str, steps))}")
            bench.start(kind)
            warm_up = Costs()
            bench.measure(warm_up, "1.3", 50)
            for _ in range(runs):
                for tls in ("1.3", "1.2"):
                    bench.measure(results.setdefault((key, tls), Costs()), tls, sessions)
            sweep[key, CONCURRENCY] = results[key, "1.3"]
            for concurrency in steps:
                bench.measure(sweep.setdefault((key, concurrency), Costs()), "1.3", max(sessions, 2 * concurrency),
                              concurrency)
            bench.stop()
        tell(report, results, sweep)
    report.write()


if __name__ == "__main__":
    main(body)
