#!/usr/bin/env python3
"""./dev bench setup: what a session's set-up and tear-down costs, both daemons included, next to bare TLS.

    client namespace                         server namespace
    sstp-test-client many --churn  ── veth ─ sstp-gateway :443 + sstp-controlplane
    sstp-test-client many --tls-only ─ veth ─ sstp-bench-accept-loop :4443 (accept, handshake, close; same certificate)

Without and with kept interfaces (ppp-options: {interface-cache: N}). Each session authenticates with MS-CHAPv2, gets its
address and interface, and leaves in order as soon as it is up. CPU is that of all threads of a process, user and system,
over a run, from before the first connect until the last interface is gone, divided by the sessions of the run. Runs of
both kinds alternate; the figures are medians of the runs. The client shares the cores with the servers, so the rate is
that of the whole.

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
CACHE = 400  # interfaces kept, where they are: more than are in use at one time
ONE_USER_MANY_TIMES = {"client-ip-pool": {"SSTP-POOL": {"range": ["10.1.0.0/16"]}}, "single-session": "none"}
HEADLINE = ("rsa2048", "1.3", 0)  # as installed


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
        self.kept = 0

    def start(self, kind, cache):
        stage = self.stage
        stage.make_pki(SERVER, key=kind)
        options = {"ppp-options": {"interface-cache": cache}} if cache else {}
        stage.start_daemons(stage.config(ONE_USER_MANY_TIMES | options), self.server)
        self.kept = cache
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

    def settled(self):
        """No session is left, nor its interface, unless that is kept."""
        lines = pathlib.Path(f"/proc/{self.stage.gateway.pid}/net/dev").read_text().splitlines()[2:]
        interfaces = sum(line.split(":")[0].strip() not in ("lo", "wan0") for line in lines)
        return interfaces <= self.kept and not self.stage.sessions()

    def measure(self, costs, tls, sessions, concurrency=CONCURRENCY):
        stage = self.stage
        before = stage.gateway.cpu_seconds(), stage.control_plane.cpu_seconds()
        costs.rates.append(self.drive(443, tls, sessions, concurrency, "--churn"))
        stage.wait_for("all sessions and interfaces being gone", self.settled)
        costs.gateway.append((stage.gateway.cpu_seconds() - before[0]) * 1e6 / sessions)
        costs.control_plane.append((stage.control_plane.cpu_seconds() - before[1]) * 1e6 / sessions)
        before = self.bare.cpu_seconds()
        costs.bare_rates.append(self.drive(BARE_PORT, tls, sessions, concurrency, "--tls-only"))
        costs.bare.append((self.bare.cpu_seconds() - before) * 1e6 / sessions)


def tell(report, results, sweep):
    median = statistics.median
    rows = []
    for (key, tls, cache), costs in results.items():
        gateway, control_plane, bare = median(costs.gateway), median(costs.control_plane), median(costs.bare)
        rows.append([f"{key}, TLS {tls}{', interfaces kept' if cache else ''}", number(median(costs.rates), 0),
                     number(gateway, 0), number(control_plane, 0), number(bare, 0), number(costs.ratio())])
        suffix = f"{key}_tls{tls.replace('.', '')}{'_cache' if cache else ''}"
        report.add(f"setup_rate_{suffix}", median(costs.rates), "1/s")
        report.add(f"bare_tls_rate_{suffix}", median(costs.bare_rates), "1/s")
        report.add(f"gateway_cpu_per_setup_{suffix}", gateway, "us")
        report.add(f"controlplane_cpu_per_setup_{suffix}", control_plane, "us")
        report.add(f"bare_tls_cpu_per_accept_{suffix}", bare, "us")
        report.add(f"cpu_to_bare_tls_{suffix}", costs.ratio(), "ratio")
    report.add("cpu_to_bare_tls", results[HEADLINE].ratio(), "ratio")
    print("\n" + table(["", "set-ups/s", "gateway us", "control plane us", "bare TLS us", "ratio"], rows))
    print(f"\n  cpu_to_bare_tls = {number(results[HEADLINE].ratio())} ({HEADLINE[0]}, TLS {HEADLINE[1]}, no interfaces kept), "
          f"{number(results[(*HEADLINE[:2], CACHE)].ratio())} with interfaces kept; target <= 2")
    curves = (("both daemons", 0, Costs.ours), ("both daemons, interfaces kept", CACHE, Costs.ours),
              ("bare TLS", 0, lambda costs: median(costs.bare)))
    plot.draw("setup", [{
        "title": f"CPU per set-up and tear-down, {key}, TLS 1.3", "x": "set-ups in progress", "y": "microseconds",
        "ticks": sorted({n for *_, n in sweep}),
        "series": [(name, [(n, of(costs)) for (k, c, n), costs in sorted(sweep.items()) if (k, c) == (key, cache)])
                   for name, cache, of in curves]} for key in KEYS], logscale_x=True)


def body():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    runs, sessions, steps = (2, 100, (1, 80)) if options.quick else (7, 500, (1, 5, 80, 320))
    report, results, sweep = Report("setup"), {}, {}
    print(machine_line())
    with Stage(options.bin) as stage:
        bench = Setup(stage)
        for key, cache in ((key, cache) for key in KEYS for cache in (0, CACHE)):
            say(f"{key}, {'interfaces kept' if cache else 'an interface made for each session'}: {runs} runs of {sessions} "
                f"sessions for each TLS version, {CONCURRENCY} at one time, then {', '.join(map(str, steps))}")
            bench.start(KEYS[key], cache)
            bench.measure(Costs(), "1.3", 2 * CONCURRENCY)
            for _ in range(runs):
                for tls in ("1.3", "1.2"):
                    bench.measure(results.setdefault((key, tls, cache), Costs()), tls, sessions)
            sweep[key, cache, CONCURRENCY] = results[key, "1.3", cache]
            for concurrency in steps:
                bench.measure(sweep.setdefault((key, cache, concurrency), Costs()), "1.3", max(sessions, 2 * concurrency),
                              concurrency)
            bench.stop()
        tell(report, results, sweep)
    report.write()


if __name__ == "__main__":
    main(body)
