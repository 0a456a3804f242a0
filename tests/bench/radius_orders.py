"""The parts of ./dev bench radius in which sessions are up and stay: CoA-Requests that change their limit, and their
Interim-Updates.

CoA: each session gets another limit, so many requests at one time, and the control plane answers when the gateway has
said that it holds: one without clients that says so at once, then a real one with real clients. lib/coa_sender.py sends
them, next to it to FreeRADIUS, which acknowledges anything, for what the sender reaches; and radclient, once for each
session (it walks through its whole list for each packet, so that a longer list makes it slower).

Interim-Updates: many sessions of a gateway without clients; FreeRADIUS's detail file says in which second each came.
Independent random moments have a standard deviation of the square root of the mean (Poisson): that is a spread of 1.
"""
import contextlib
import json
import math
import pathlib
import re
import statistics
import sys
import time

from lib.free_radius import COA_PORT, SECRET
from lib.radius_stage import ACCOUNTED, Costs, DYNAMIC_PORT, GATEWAY, NAS, RADIUS
from lib.report import number, table
from lib.stage import say

ALONE, PLAYED, RADCLIENT, REAL = ("to FreeRADIUS", "to the control plane", "... by radclient",
                                  "..., with a real gateway")
METRICS = {ALONE: "coa_freeradius", PLAYED: "coa", RADCLIENT: "coa_radclient", REAL: "coa_real_gateway"}
WHO = {ALONE: ("radiusd",), PLAYED: ("controlplane",), RADCLIENT: ("controlplane",), REAL: ("controlplane", "gateway")}
HEADLINE = 32
JITTER = 10  # seconds
NOT_SOONER = 10  # seconds after its Start a session's first Interim-Update comes


class Orders:
    """Changes of the limits of all sessions of a control plane."""

    def __init__(self, bench, plane):
        self.bench = bench
        self.ids = [session["sid"] for session in plane.ask("show", "sessions")]
        self.file = bench.stage.folder / "session-ids"
        self.file.write_text("\n".join(self.ids))

    def send(self, address, port, parallel, seconds, processes):
        """{"rate", "p50", "p99": ms, "cost": CPU per request in us of `processes`}."""
        sender = pathlib.Path(__file__).parent / "lib" / "coa_sender.py"
        with Costs(*processes) as costs:
            result = json.loads(self.bench.stage.run(
                [sys.executable, sender, self.file, address, port, SECRET, seconds, parallel], self.bench.far))
        return {"rate": result["rate"], "p50": result["p50_ms"], "p99": result["p99_ms"],
                "cost": costs.per(result["acknowledged"])}

    def radclient(self, parallel, processes):
        file = self.bench.far_radclient.requests("coa", [{"Acct-Session-Id": f'"{sid}"', "Filter-Id": '"999"'}
                                                         for sid in self.ids])
        with Costs(*processes) as costs:
            count, took = self.bench.far_radclient.run(file, 1, parallel, "coa", f"{NAS}:{DYNAMIC_PORT}")
        return {"rate": count / took, "p50": None, "p99": None, "cost": costs.per(count)}


@contextlib.contextmanager
def real_clients(bench, count):
    stage = bench.stage
    process = stage.start("clients", [stage.bin / "sstp-test-client", "--server", GATEWAY, "--user", "u%d", "--password",
                                      "test", "--ca", stage.folder / "ca.pem", "many", "--sessions", count,
                                      "--hold-until-signal", "--json"], bench.client)
    line = stage.wait_for(f"{count} clients coming up", lambda: re.search(
        r"^holding: (\d+) up", process.output(), re.M), 120)
    if int(line[1]) != count:
        raise stage.failure(f"not all of {count} clients came up: {line[0]}")
    yield
    stage.stop(process)


def measure_coa(bench, quick, report):
    sessions, clients, seconds, steps = (300, 64, 1.0, (1, HEADLINE)) if quick else (1000, 256, 3.0, (1, 8, HEADLINE, 128))
    say(f"CoA-Requests: {sessions} sessions, and {clients} real ones; {', '.join(map(str, steps))} in progress")
    results, ours = {}, (NAS, DYNAMIC_PORT)
    dynamic = {"dynamic-author": {"server": NAS, "port": DYNAMIC_PORT, "key": SECRET}}
    with bench.control_plane(ACCOUNTED, **dynamic) as plane, bench.held(plane, sessions, traffic=0):
        orders = Orders(bench, plane)
        for parallel in steps:
            results[ALONE, parallel] = orders.send(RADIUS, COA_PORT, parallel, seconds, [bench.radius.process])
            results[PLAYED, parallel] = orders.send(*ours, parallel, seconds, [plane.process])
        results[RADCLIENT, HEADLINE] = orders.radclient(HEADLINE, [plane.process])
    with bench.control_plane(ACCOUNTED, **dynamic) as plane, bench.gateway(plane) as gateway:
        with real_clients(bench, clients):
            orders = Orders(bench, plane)
            for parallel in steps:
                results[REAL, parallel] = orders.send(*ours, parallel, seconds, [plane.process, gateway])
        bench.stage.wait_for("no session being left", plane.settled, 60)
    rows = []
    for (kind, parallel), result in sorted(results.items(), key=lambda item: list(METRICS).index(item[0][0])):
        costs, name = dict(zip(WHO[kind], result["cost"])), f"{METRICS[kind]}_at_{parallel}"
        rows.append([kind, parallel, number(result["rate"], 0), number(result["p50"]), number(result["p99"]),
                     *(number(costs.get(who), 0) for who in ("controlplane", "gateway", "radiusd"))])
        report.add(f"{name}_rate", result["rate"], "1/s")
        for metric in ("p50", "p99"):
            if result[metric] is not None:
                report.add(f"{name}_{metric}", result[metric], "ms")
        for who, us in costs.items():
            report.add(f"{name}_{who}_cpu", us, "us")
    print("\n" + table(["CoA-Requests", "in progress", "per second", "p50 ms", "p99 ms", "control plane us", "gateway us",
                        "radiusd us"], rows))
    report.add("coa_per_second", results[PLAYED, HEADLINE]["rate"], "1/s")
    report.add("coa_per_second_real_gateway", results[REAL, HEADLINE]["rate"], "1/s")
    return [{"title": "CoA-Requests that change a limit", "x": "in progress", "y": "acknowledged per second",
             "ticks": steps, "logscale_x": True,
             "series": [(f"{kind} ({count} sessions)", [(n, results[kind, n]["rate"]) for n in steps])
                        for kind, count in ((ALONE, sessions), (PLAYED, sessions), (REAL, clients))]}]


def periods(records, first, end):
    """Seconds between Interim-Updates of the same session, both within [first, end)."""
    last, found = {}, []
    for record in records:
        when = int(record["Timestamp"])
        if record["Acct-Status-Type"] != "Interim-Update" or not first <= when < end:
            continue
        sid = record["Acct-Session-Id"]
        if sid in last:
            found.append(when - last[sid])
        last[sid] = when
    return found


def measure_interims(bench, quick, report):
    sessions, interval, seconds = (2000, 20, 20) if quick else (10000, 60, 120)
    say(f"Interim-Updates: {sessions} sessions, every {interval} s (jitter {JITTER} s), counted for {seconds} s")
    (bench.radius.folder / "detail").unlink(missing_ok=True)
    with bench.control_plane(ACCOUNTED, **{"accounting-interim-interval": interval, "acct-interim-jitter": JITTER}) as plane:
        with bench.held(plane, sessions, traffic=sessions // 10) as rate:
            print(f"  {sessions} sessions up at {number(rate, 0)} per second")
            first = int(time.time()) + NOT_SOONER + 1
            time.sleep(max(0, first - time.time()))
            written = plane.written_octets()
            sizes = []
            with Costs(plane.process, bench.radius.process) as costs:
                while time.time() < first + seconds:
                    time.sleep(max(0, min(5, first + seconds - time.time())))
                    sizes.append(plane.stored_octets())
            written = plane.written_octets() - written
            time.sleep(1)  # FreeRADIUS writes what came
            accounting = plane.ask("show", "radius")["accounting"]
        ended = bench.left["ended"]
    arrivals = bench.radius.arrivals("Interim-Update", first, seconds)
    gaps = periods(bench.radius.records(), first, first + seconds)
    mean, deviation = statistics.mean(arrivals), statistics.pstdev(arrivals)
    cpu = costs.percent()
    tens = [sum(arrivals[i:i + 10]) for i in range(0, len(arrivals) - 9, 10)]
    tens_spread = statistics.pstdev(tens) / math.sqrt(statistics.mean(tens))
    unlikely = sum(abs(count - mean) > 3 * math.sqrt(mean) for count in arrivals)
    for metric, value, unit in (
            ("sessions", sessions, "sessions"), ("setup_rate", rate, "1/s"), ("mean", mean, "1/s"),
            ("least", min(arrivals), "1/s"), ("most", max(arrivals), "1/s"), ("deviation", deviation, "1/s"),
            ("spread", deviation / math.sqrt(mean), "ratio"), ("spread_over_10s", tens_spread, "ratio"),
            ("unlikely_seconds", unlikely, "s"),
            ("shortest_period", min(gaps, default=0), "s"),
            ("longest_period", max(gaps, default=0), "s"), ("controlplane_cpu", cpu[0], "percent"),
            ("radiusd_cpu", cpu[1], "percent"), ("store_size", max(sizes) / 1024, "KiB"),
            ("store_written", written / seconds / 1024, "KiB/s"),
            ("store_written_per_record", written / max(1, sum(arrivals)) / 1024, "KiB"),
            ("records_waiting", accounting["sstp_radius_accounting_spool_records"], "records"),
            ("sessions_ended", ended, "sessions")):
        report.add(f"interims_{metric}", value, unit)
    print("\n" + table(["Interim-Updates per second", ""], [
        ["mean (due)", f"{number(mean, 1)} ({number(sessions / interval, 1)})"],
        ["least, most", f"{min(arrivals)}, {max(arrivals)}"],
        ["standard deviation", number(deviation, 1)],
        ["... to that of random moments", number(deviation / math.sqrt(mean))],
        ["likewise, of each 10 s", number(tens_spread)],
        ["seconds beyond 3 of those", f"{unlikely} of {seconds}"],
        ["periods of a session, s", f"{min(gaps, default='-')} to {max(gaps, default='-')}"],
        ["CPU of control plane, radiusd, %", f"{number(cpu[0], 1)}, {number(cpu[1], 1)}"],
        ["store, KiB", number(max(sizes) / 1024, 0)],
        ["written to disk, KiB/s", number(written / seconds / 1024, 0)],
        ["sessions ended for want of an answer", ended]]))
    return [{"title": f"Interim-Updates of {sessions} sessions, every {interval} s", "x": "seconds", "y": "in each second",
             "series": [("arrived", list(enumerate(arrivals))), ("mean", [(0, mean), (seconds - 1, mean)])]}]
