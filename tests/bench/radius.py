#!/usr/bin/env python3
"""./dev bench radius: logins, CoA-Requests and Interim-Updates per second through a local FreeRADIUS, next to what
radclient reaches alone against it. lib/radius_stage.py has the drawing.

Logins, at several numbers of questions in progress, all kinds by turns:
  radclient            straight to FreeRADIUS: PAP; MS-CHAP (v1, the one that radclient can compute)
  RADIUS               sstp-bench-radius-gateway asks the control plane as gateways do: PAP, MS-CHAPv2; no accounting
  RADIUS, accounted    the same, MS-CHAPv2; the answer waits until the session's accounting is on the disk
  ..., until up        and on: Start, its answer, the session's release by a new policy, up; then down, Stop, its answer
Then whole clients (sstp-test-client many --churn, TLS included) with local users, RADIUS, and RADIUS, accounted.
radius_orders.py has CoA-Requests and Interim-Updates.

CPU is that of all threads, until no session and no record of the run is left. Everybody shares the cores.

radius.py BIN [--quick] [--only logins|clients|coa|interims]
"""
import argparse
import contextlib
import json
import os
import statistics

import radius_orders
from lib import plot
from lib.radius_stage import ACCOUNTED, AUTH, Costs, GATEWAY, LOCAL, RadiusStage, UNACCOUNTED
from lib.report import Report, machine_line, number, table
from lib.stage import Failure, Stage, main, say

PARTS = ("logins", "clients", "coa", "interims")
RADCLIENT_PAP, RADCLIENT_MSCHAP = "radclient, PAP", "radclient, MS-CHAP"
PLAYED_PAP, PLAYED, PLAYED_ACCOUNTED = f"{UNACCOUNTED}, PAP", f"{UNACCOUNTED}, MS-CHAPv2", f"{ACCOUNTED}, MS-CHAPv2"
PLAYED_UP = f"{ACCOUNTED}, until up"
KINDS = (RADCLIENT_PAP, RADCLIENT_MSCHAP, PLAYED_PAP, PLAYED, PLAYED_ACCOUNTED, PLAYED_UP)
METRICS = dict(zip(KINDS, ("radclient_pap", "radclient_mschap", "logins_pap", "logins", "logins_accounted",
                           "logins_until_up")))
HEADLINE = 32  # logins in progress
CLIENTS_AT_ONCE = 20


def load():
    """Processes that want to run, over the last minute: more than the cores of this machine is others' work, too."""
    return os.getloadavg()[0]


class Logins:
    def __init__(self, bench, seconds):
        self.bench, self.seconds = bench, seconds
        users = [f'"u{i}"' for i in range(50)]
        self.files = {kind: bench.radclient.requests(METRICS[kind], [{"User-Name": user, attribute: '"test"'}
                                                                     for user in users])
                      for kind, attribute in ((RADCLIENT_PAP, "User-Password"), (RADCLIENT_MSCHAP, "MS-CHAP-Password"))}
        self.guess = {}

    def radclient(self, kind, concurrency):
        """{"rate", "p50", "p99": ms, "cost": CPU per login in us of (control plane, radiusd)}; no percentiles here."""
        run = lambda times: self.bench.radclient.run(self.files[kind], times, concurrency, "auth", AUTH)
        if (kind, concurrency) not in self.guess:
            count, seconds = run(4)
            self.guess[kind, concurrency] = count / seconds
        with Costs(self.bench.radius.process) as costs:
            count, seconds = run(max(2, round(self.guess[kind, concurrency] * self.seconds / 50)))
        self.guess[kind, concurrency] = count / seconds
        return {"rate": count / seconds, "p50": None, "p99": None, "cost": (None, *costs.per(count))}

    def played(self, plane, concurrency, *arguments):
        with Costs(plane.process, self.bench.radius.process) as costs:
            report = self.bench.logins(plane, "--seconds", self.seconds, "--concurrency", concurrency, *arguments)
        which = "up" if "--until-up" in arguments else "answer"
        return {"rate": report["rate_per_second"], "p50": report[f"{which}_p50_ms"], "p99": report[f"{which}_p99_ms"],
                "cost": tuple(costs.per(report["accepted"]))}

    def measure(self, planes, kind, concurrency):
        if kind in (RADCLIENT_PAP, RADCLIENT_MSCHAP):
            return self.radclient(kind, concurrency)
        plane = planes[ACCOUNTED if kind in (PLAYED_ACCOUNTED, PLAYED_UP) else UNACCOUNTED]
        return self.played(plane, concurrency, "--protocol", "pap" if kind == PLAYED_PAP else "mschap-v2",
                           *(["--until-up"] if kind == PLAYED_UP else []))


def medians(runs):
    """One result from several of the same kind."""
    middle = lambda values: None if None in values else statistics.median(values)
    return {"rate": middle([run["rate"] for run in runs]), "p50": middle([run["p50"] for run in runs]),
            "p99": middle([run["p99"] for run in runs]),
            "cost": tuple(middle(costs) for costs in zip(*(run["cost"] for run in runs)))}


def measure_logins(bench, quick, report):
    steps, rounds, seconds = ((1, HEADLINE), 1, 1.0) if quick else ((1, 8, HEADLINE, 128), 3, 1.5)
    say(f"Logins: {rounds} rounds of {seconds} s for each kind, {', '.join(map(str, steps))} in progress")
    runs, logins = {}, Logins(bench, seconds)
    with contextlib.ExitStack() as stack:
        planes = {kind: stack.enter_context(bench.control_plane(kind)) for kind in (UNACCOUNTED, ACCOUNTED)}
        for plane in planes.values():
            bench.logins(plane, "--seconds", 0.5)  # allocators and caches are warm
        for _ in range(rounds):
            for concurrency in steps:
                for kind in KINDS:
                    runs.setdefault((kind, concurrency), []).append(logins.measure(planes, kind, concurrency))
    results = {key: medians(value) for key, value in runs.items()}
    rows = []
    for kind in KINDS:
        for concurrency in steps:
            result = results[kind, concurrency]
            mean = f"mean {number(1000 * concurrency / result['rate'])}" if result["p50"] is None else number(result["p50"])
            rows.append([kind, concurrency, number(result["rate"], 0), mean, number(result["p99"]),
                         number(result["cost"][0], 0), number(result["cost"][1], 0)])
            name = f"{METRICS[kind]}_at_{concurrency}"
            report.add(f"{name}_rate", result["rate"], "1/s")
            for metric, value, unit in (("p50", result["p50"], "ms"), ("p99", result["p99"], "ms"),
                                        ("controlplane_cpu", result["cost"][0], "us"),
                                        ("radiusd_cpu", result["cost"][1], "us")):
                if value is not None:
                    report.add(f"{name}_{metric}", value, unit)
    print("\n" + table(["logins", "in progress", "per second", "p50 ms", "p99 ms", "control plane us", "radiusd us"], rows))
    for metric, kind in (("logins_per_second", PLAYED), ("logins_per_second_accounted", PLAYED_ACCOUNTED),
                         ("logins_per_second_until_up", PLAYED_UP), ("radclient_per_second", RADCLIENT_MSCHAP)):
        report.add(metric, results[kind, HEADLINE]["rate"], "1/s")
    curves = lambda of, kinds: [(kind, [(n, of(results[kind, n])) for n in steps]) for kind in kinds]
    return [{"title": "Logins through FreeRADIUS", "x": "in progress", "y": "1/s", "ticks": steps, "logscale_x": True,
             "series": curves(lambda result: result["rate"], (RADCLIENT_MSCHAP, PLAYED, PLAYED_ACCOUNTED, PLAYED_UP))},
            {"title": "Time until the answer, or until up (median)", "x": "in progress", "y": "ms", "ticks": steps,
             "logscale_x": True,
             "series": curves(lambda result: result["p50"], (PLAYED, PLAYED_ACCOUNTED, PLAYED_UP))}]


def measure_clients(bench, quick, report):
    sessions, rounds = (100, 1) if quick else (300, 3)
    say(f"Whole clients: {rounds} runs of {sessions} with TLS, {CLIENTS_AT_ONCE} at one time")
    stage, rows = bench.stage, []
    for kind, metric in ((LOCAL, "local"), (UNACCOUNTED, "radius"), (ACCOUNTED, "radius_accounted")):
        rates, p50, p99, costs_of = [], [], [], []
        with bench.control_plane(kind) as plane, bench.gateway(plane) as gateway:
            for count in [2 * CLIENTS_AT_ONCE] + rounds * [sessions]:  # the first one warms up
                with Costs(gateway, plane.process, bench.radius.process) as costs:
                    run = json.loads(stage.run(
                        [stage.bin / "sstp-test-client", "--server", GATEWAY, "--user", "u%d", "--password", "test", "--ca",
                         stage.folder / "ca.pem", "many", "--sessions", count, "--concurrency", CLIENTS_AT_ONCE, "--churn",
                         "--json"], bench.client, 120, check=False).splitlines()[-1])
                    if run["closed_cleanly"] != count:
                        raise stage.failure(f"not all of {count} came up and closed: {json.dumps(run)}")
                    stage.wait_for("no session being left", plane.settled, 60)
                if count == sessions:
                    rates.append(run["setup_rate_per_second"])
                    p50.append(run["setup_milliseconds"]["p50"])
                    p99.append(run["setup_milliseconds"]["p99"])
                    costs_of.append(costs.per(count))
        middle = [statistics.median(values) for values in (rates, p50, p99, *zip(*costs_of))]
        if kind == LOCAL:
            middle[-1] = None  # what is left of others is no part of it
        rows.append([kind, number(middle[0], 0), *map(number, middle[1:3]), *(number(us, 0) for us in middle[3:])])
        for name, value, unit in zip(("rate", "p50", "p99", "gateway_cpu", "controlplane_cpu", "radiusd_cpu"), middle,
                                     ("1/s", "ms", "ms", "us", "us", "us")):
            if value is not None:
                report.add(f"clients_{metric}_{name}", value, unit)
    print("\n" + table(["whole clients", "per second", "p50 ms", "p99 ms", "gateway us", "control plane us", "radiusd us"],
                       rows))
    return []


def body():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=PARTS, action="append")
    options = parser.parse_args()
    measures = dict(zip(PARTS, (measure_logins, measure_clients, radius_orders.measure_coa,
                                radius_orders.measure_interims)))
    report, panels = Report("radius"), []
    before = load()
    print(f"{machine_line()}; load average {number(before)}")
    with Stage(options.bin) as stage:
        bench = RadiusStage(stage)
        for part in options.only or PARTS:
            panels += measures[part](bench, options.quick, report)
    report.add("load_average_before", before, "processes")
    report.add("load_average_after", load(), "processes")
    print(f"\n  load average {number(before)} before, {number(load())} after")
    report.print_metrics(("logins_per_second", "logins_per_second_accounted", "logins_per_second_until_up",
                          "radclient_per_second", "coa_per_second", "interims_spread"))
    if panels:
        plot.draw("radius", panels)
    report.write()


if __name__ == "__main__":
    main(body)
