"""The parts of ./dev bench radius in which sessions are up and stay: CoA-Requests that change their limit, and their
Interim-Updates.

CoA: radclient sends each session another limit, so many requests at one time, to the control plane, which answers when
the gateway has said that it holds: one without clients that says so at once, then a real one with real clients. Next to
it the same requests to FreeRADIUS, which acknowledges anything, for what radclient reaches.

Interim-Updates: many sessions of a gateway without clients; FreeRADIUS's detail file says in which second each came.
Independent random moments have a standard deviation of the square root of the mean (Poisson): that is a spread of 1.
"""
import contextlib
import math
import re
import statistics
import time

from lib.free_radius import SECRET
from lib.radius_stage import ACCOUNTED, Costs, DYNAMIC_PORT, GATEWAY, NAS, OTHER_COA
from lib.report import number, table
from lib.stage import say

ALONE, PLAYED, REAL = "radclient to FreeRADIUS", "control plane", "control plane, real gateway"
METRICS = {ALONE: "coa_freeradius", PLAYED: "coa", REAL: "coa_real_gateway"}
HEADLINE = 32
JITTER = 10  # seconds
NOT_SOONER = 10  # seconds after its Start a session's first Interim-Update comes


class Orders:
    """Requests for changes, no two of which are the same: each round over the sessions has a rate of its own."""

    def __init__(self, bench):
        self.bench = bench
        self.round = 0

    def run(self, ids, count, parallel, target):
        packets = []
        while len(packets) < count:
            self.round += 1
            packets += [{"Acct-Session-Id": f'"{sid}"', "Filter-Id": f'"{1000 + self.round}"'} for sid in ids]
        file = self.bench.far_radclient.requests("coa", packets[:count])
        return self.bench.far_radclient.run(file, 1, parallel, "coa", target)

    def measure(self, plane, ids, parallel, seconds, target, processes):
        """{"rate", "cost": CPU per request in us of `processes`}."""
        count, took = self.run(ids, 200, parallel, target)
        with Costs(*processes) as costs:
            count, took = self.run(ids, max(200, round(count / took * seconds)), parallel, target)
        return {"rate": count / took, "cost": costs.per(count)}


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


def session_ids(plane):
    return [session["sid"] for session in plane.ask("show", "sessions")]


def measure_coa(bench, quick, report):
    sessions, clients, seconds, steps = (300, 64, 1.0, (1, HEADLINE)) if quick else (1000, 256, 2.0, (1, 8, HEADLINE, 128))
    say(f"CoA-Requests: {sessions} sessions, and {clients} real ones; {', '.join(map(str, steps))} in progress")
    orders, results, target = Orders(bench), {}, f"{NAS}:{DYNAMIC_PORT}"
    dynamic = {"dynamic-author": {"server": NAS, "port": DYNAMIC_PORT, "key": SECRET}}
    with bench.control_plane(ACCOUNTED, **dynamic) as plane:
        with bench.held(plane, sessions, traffic=0):
            ids = session_ids(plane)
            for parallel in steps:
                results[ALONE, parallel] = orders.measure(plane, ids, parallel, seconds, OTHER_COA,
                                                          [bench.radius.process])
                results[PLAYED, parallel] = orders.measure(plane, ids, parallel, seconds, target, [plane.process])
    with bench.control_plane(ACCOUNTED, **dynamic) as plane, bench.gateway(plane) as gateway:
        with real_clients(bench, clients):
            ids = session_ids(plane)
            for parallel in steps:
                results[REAL, parallel] = orders.measure(plane, ids, parallel, seconds, target, [plane.process, gateway])
        bench.stage.wait_for("no session being left", plane.settled, 60)
    rows = []
    for (kind, parallel), result in sorted(results.items(), key=lambda item: list(METRICS).index(item[0][0])):
        costs = dict(zip({ALONE: ("radiusd",), PLAYED: ("controlplane",), REAL: ("controlplane", "gateway")}[kind],
                         result["cost"]))
        rows.append([kind, parallel, number(result["rate"], 0), number(1000 * parallel / result["rate"]),
                     *(number(costs.get(who), 0) for who in ("controlplane", "gateway", "radiusd"))])
        report.add(f"{METRICS[kind]}_at_{parallel}_rate", result["rate"], "1/s")
        for who, us in costs.items():
            report.add(f"{METRICS[kind]}_at_{parallel}_{who}_cpu", us, "us")
    print("\n" + table(["CoA-Requests", "in progress", "acknowledged per second", "mean ms", "control plane us", "gateway us",
                        "radiusd us"], rows))
    report.add("coa_per_second", results[PLAYED, HEADLINE]["rate"], "1/s")
    report.add("coa_per_second_real_gateway", results[REAL, HEADLINE]["rate"], "1/s")
    return [{"title": f"CoA-Requests that change a limit, {sessions} sessions ({clients} real ones)", "x": "in progress",
             "y": "acknowledged per second", "ticks": steps, "logscale_x": True,
             "series": [(kind, [(n, results[kind, n]["rate"]) for n in steps]) for kind in METRICS]}]


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
    for metric, value, unit in (
            ("sessions", sessions, "sessions"), ("setup_rate", rate, "1/s"), ("mean", mean, "1/s"),
            ("least", min(arrivals), "1/s"), ("most", max(arrivals), "1/s"), ("deviation", deviation, "1/s"),
            ("spread", deviation / math.sqrt(mean), "ratio"), ("shortest_period", min(gaps, default=0), "s"),
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
        ["periods of a session, s", f"{min(gaps, default='-')} to {max(gaps, default='-')}"],
        ["CPU of control plane, radiusd, %", f"{number(cpu[0], 1)}, {number(cpu[1], 1)}"],
        ["store, KiB", number(max(sizes) / 1024, 0)],
        ["written to disk, KiB/s", number(written / seconds / 1024, 0)],
        ["sessions ended for want of an answer", ended]]))
    return [{"title": f"Interim-Updates of {sessions} sessions, every {interval} s", "x": "seconds", "y": "in each second",
             "series": [("arrived", list(enumerate(arrivals))), ("mean", [(0, mean), (seconds - 1, mean)])]}]
