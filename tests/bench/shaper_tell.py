"""Tables, metrics and plot of the shaper's benchmark, out of what shaper.collect() found."""
from lib import plot
from lib.plan import FAR, NEAR
from lib.report import Report, number, table

ALLOWED_PERCENT, ALLOWED_UNFAIR_PERCENT, ALLOWED_PING_MS = 3, 5, 30
FROM_KBIT, PING_FROM_KBIT = 1000, 10000  # below, nothing is asked for
COLUMNS = (("tcp1", NEAR), ("tcp1", FAR), ("tcp4", FAR), ("udp", NEAR))
WARM_RUNS = 1000
HEADLINE = ("worst_tcp_error_percent", "worst_udp_error_percent", "worst_ping_added", "bpf_ns_per_run",
            "fairness_worst_percent")


def rate_name(kbit):
    """"256k", "10M", "1G"."""
    for unit, size in (("G", 10 ** 6), ("M", 1000)):
        if kbit is not None and kbit >= size:
            return f"{kbit / size:g}{unit}"
    return "none" if kbit is None else f"{kbit:g}k"


def error_percent(run):
    return abs(run["ratio"] - 1) * 100


def mark(run):
    counts = run["kbit"] >= FROM_KBIT and error_percent(run) > ALLOWED_PERCENT
    return f"{run['ratio']:.3f}{'!' if counts else ' '}"


def added(run, what="ping_median"):
    return None if run[what] is None else run[what] - run["ping_idle"]


def line(run):
    """One run, as soon as it is there."""
    share = f"{run['achieved'] / 1e6:10.3f} Mbit/s" + ("" if run["ratio"] is None else f"  {mark(run)}")
    ping = "no ping answered" if run["ping_median"] is None else f"ping +{added(run):.1f} ms"
    more = (f"{run['arrived']} of {run['sent']} packets" if run["load"] == "udp"
            else f"{run['retransmitted_percent']:.2f} % sent again")
    return (f"  {run['kind']:7} {run['direction']:4} {rate_name(run['kbit']):>5} {run['load']} {run['rtt']:>2} ms: {share}  "
            f"{ping}  {more}  {run['cpu_per_octet']:.2f} ns/octet")


class Found:
    def __init__(self, runs):
        self.limited = [run for run in runs if run["kbit"] is not None]
        self.unlimited = [run for run in runs if run["kbit"] is None]

    def keys(self):
        """(direction, kind, kbit), in the order of measuring within each direction."""
        return sorted(dict.fromkeys((r["direction"], r["kind"], r["kbit"]) for r in self.limited), key=lambda key: key[0])

    def at(self, direction, kind, kbit, load, rtt):
        wanted = (direction, kind, kbit, load, rtt)
        for run in self.limited:
            if (run["direction"], run["kind"], run["kbit"], run["load"], run["rtt"]) == wanted:
                return run
        return None

    def rows(self, value):
        """A row for each key with value(run) in each of COLUMNS."""
        cell = lambda run: "-" if run is None else value(run)
        return [[f"{direction:4} {kind:6} {rate_name(kbit)}", *(cell(self.at(direction, kind, kbit, *column))
                                                                 for column in COLUMNS)]
                for direction, kind, kbit in self.keys()]


def print_tables(found, all_found):
    head = ["", *(f"{load} {rtt} ms" if rtt else f"{load} near" for load, rtt in COLUMNS)]
    ping = lambda run: f"{number(added(run), 1)} {number(added(run, 'ping_p95'), 1)}"
    for title, value in (
            (f"achieved / configured; ! more than {ALLOWED_PERCENT} % off from {rate_name(FROM_KBIT)} up", mark),
            ("slowest second / configured", lambda run: f"{run['slowest_second'] / run['kbit'] / 1000:.3f}"),
            ("ping under load, ms added, median and 95th percentile", ping),
            ("pings not answered, percent", lambda run: number(run["ping_lost_percent"], 0)),
            ("sent again, percent of the segments", lambda run: number(run.get("retransmitted_percent"), 2)),
            ("gateway CPU, ns per octet of payload", lambda run: number(run["cpu_per_octet"]))):
        print(f"\n{title}\n{table(head, found.rows(value))}")
    rest = [run for run in found.limited if run["load"] == "udp"]
    if rest:
        places = list(rest[0]["dropped"])
        print("\nUDP: what became of the packets; dropped by qdiscs and full queues: a super-packet is one\n" + table(
            ["", "sent", "arrived", "lost", "out of order", *(f"dropped: {place}" for place in places)],
            [[f"{r['direction']:4} {r['kind']:6} {rate_name(r['kbit'])}", r["sent"], r["arrived"], r["sent"] - r["arrived"],
              r["disordered"], *(r["dropped"][place] for place in places)] for r in rest]))
    if found.unlimited:
        print("\nno limit\n" + table(["", "Mbit/s", "ping added ms", "sent again %", "gateway CPU ns/octet"], [
            [f"{r['direction']:4} {r['load']} {r['rtt']} ms", number(r["achieved"] / 1e6, 0), number(added(r), 1),
             number(r["retransmitted_percent"]), number(r["cpu_per_octet"])] for r in found.unlimited]))
    for kind, qdisc in all_found["missing"].items():
        print(f"  {kind}: not on this kernel (no sch_{qdisc})")


def print_bpf(runs):
    rows = [[f"{r['direction']:4} {r['kind']:6} {rate_name(r['kbit'])} {r['load']} {r['rtt']} ms", name, cost["runs"],
             number(cost["ns"], 0), number(r["bpf_ns_per_packet"], 0)]
            for r in runs for name, cost in r["bpf"].items()]
    if rows:
        head = ["", "program", "runs", "ns per run", "ns per packet of the load, all programs"]
        print(f"\nBPF programs\n{table(head, rows)}")
    else:
        print("\nBPF programs: none of the gateway's ran")


def print_fairness(fairness):
    rows = []
    for f in fairness:
        ratios = [rate / f["kbit"] / 1000 for rate in f["rates"]]
        unfair = sum(abs(ratio - 1) * 100 > ALLOWED_UNFAIR_PERCENT for ratio in ratios)
        rows.append([f"{f['direction']:4} {len(ratios)} x {rate_name(f['kbit'])}", number(min(ratios), 3),
                     number(sum(ratios) / len(ratios), 3), number(max(ratios), 3), unfair, number(f["free"] / 1e6, 0),
                     number(f["total"] / 1e6, 0), number(f["alone"] / 1e6, 0)])
    print("\nfairness: achieved / configured of the limited sessions; Mbit/s of the one without a limit\n" + table(
        ["", "least", "mean", "most", f"off by > {ALLOWED_UNFAIR_PERCENT} %", "without", "all", "without, alone"], rows))


def add_headline(report, found, fairness):
    counted = [run for run in found.limited if run["kbit"] >= FROM_KBIT]
    kinds = list(dict.fromkeys((run["direction"], run["kind"]) for run in counted))
    for protocol in ("tcp", "udp"):
        errors = {kind: [error_percent(r) for r in counted if r["load"].startswith(protocol) and
                         (r["direction"], r["kind"]) == kind] for kind in kinds}
        if any(errors.values()):
            report.add(f"worst_{protocol}_error_percent", max(max(of) for of in errors.values() if of), "percent")
        for (direction, kind), of in errors.items():
            if of:
                report.add(f"worst_{protocol}_error_percent_{direction}_{kind}", max(of), "percent")
    pings = [added(r) for r in counted if r["kbit"] >= PING_FROM_KBIT and r["load"] != "udp" and added(r) is not None]
    if pings:
        report.add("worst_ping_added", max(pings), "ms")
    # What ran a few times only was cold each time.
    costs = [cost["ns"] for run in found.limited for cost in run.get("bpf", {}).values() if cost["runs"] >= WARM_RUNS]
    if costs:
        report.add("bpf_ns_per_run", max(costs), "ns")
    unfair = [abs(rate / f["kbit"] / 1000 - 1) * 100 for f in fairness for rate in f["rates"]]
    if unfair:
        report.add("fairness_worst_percent", max(unfair), "percent")
    for f in fairness:
        report.add(f"fairness_unlimited_{f['direction']}", f["free"] / 1e6, "Mbit/s")
        report.add(f"fairness_unlimited_alone_{f['direction']}", f["alone"] / 1e6, "Mbit/s")


def add_runs(report, runs):
    for run in runs:
        key = f"{run['direction']}_{run['kind']}_{rate_name(run['kbit'])}_{run['load']}_{run['rtt']}ms"
        report.add(f"{key}_achieved", run["achieved"] / 1e6, "Mbit/s")
        for name, value, unit in (("ratio", run["ratio"], "ratio"), ("ping_added", added(run), "ms"),
                                  ("ping_added_p95", added(run, "ping_p95"), "ms"),
                                  ("gateway_cpu_per_octet", run["cpu_per_octet"], "ns"),
                                  ("retransmitted", run.get("retransmitted_percent"), "percent"),
                                  ("bpf_per_packet", run.get("bpf_ns_per_packet") if run.get("bpf") else None, "ns")):
            if value is not None:
                report.add(f"{key}_{name}", value, unit)
        for name, cost in run.get("bpf", {}).items():
            report.add(f"{key}_bpf_per_run_{name}", cost["ns"], "ns")


def draw(found, name):
    panels = []
    for direction, title in (("down", "to the client"), ("up", "from the client")):
        kinds = list(dict.fromkeys(key[1] for key in found.keys() if key[0] == direction))
        rates = sorted({key[2] for key in found.keys() if key[0] == direction})
        for what, unit, value in ((f"TCP, 1 flow, {FAR} ms, {title}", "achieved / configured", lambda run: run["ratio"]),
                                  (f"Ping beside it, {title}", "ms added", added)):
            series = [(kind, [(kbit / 1000, value(run)) for kbit in rates
                              if (run := found.at(direction, kind, kbit, "tcp1", FAR))]) for kind in kinds]
            if series:
                panels.append({"title": what, "x": "configured, Mbit/s", "y": unit, "series": series,
                               "ticks": [kbit / 1000 for kbit in rates]})
    if panels:
        plot.draw(name, panels, logscale_x=True)


def tell(all_found, name):
    """Prints, writes build/bench/NAME.json, draws build/bench/NAME.svg."""
    found, report = Found(all_found["runs"]), Report(name)
    if found.limited or found.unlimited:
        print_tables(found, all_found)
    for way, counters in zip(("from the gateway", "to the gateway"), all_found["relay"]):
        print(f"  delay relay, {way}: {counters['packets']} packets, late by {counters['late_mean_us']:.0f} us on average, "
              f"{counters['late_max_us'] / 1000:.1f} ms at most; out of memory {counters['full']} times")
        for counter, unit in (("late_mean_us", "us"), ("late_max_us", "us"), ("full", "times")):
            report.add(f"relay_{counter}_{way.replace(' ', '_')}", counters[counter], unit)
    print_bpf([run for run in found.limited if "bpf" in run])
    if all_found["fairness"]:
        print_fairness(all_found["fairness"])
    add_headline(report, found, all_found["fairness"])
    add_runs(report, found.unlimited + found.limited)
    for key in ("limits_by", "delayed_by", "congestion_control", "profile"):
        report.add(key, all_found[key], "text")
    report.add("address_families", "IPv4 only", "text")
    print()
    report.print_metrics([row["metric"] for row in report.rows if row["metric"].startswith(HEADLINE)])
    draw(found, name)
    report.write()
