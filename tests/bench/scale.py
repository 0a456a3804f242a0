#!/usr/bin/env python3
"""./dev bench scale: many idle sessions: what each holds in memory, what they cost while idle, whether all forward.

    client namespace                      server namespace, one per gateway
    sstp-test-client many, one process ── veth ── sstp-gateway :443, ping to every session's address
                                                  sstp-controlplane (one for all gateways, unix socket)

At each size: more sessions are dialled; every session's address is pinged once from the server's side, and the client
pings the gateway through some of them; then CPU time of the daemons over some idle seconds (keep-alives included), then
memory. Memory per session is the proportional set size (PSS; "unique": private pages) minus that of the same process
without sessions, divided by the sessions. The kernel's share is the growth of /proc/meminfo's SUnreclaim + Percpu +
VmallocUsed + PageTables + KernelStack and of the sockets' queues; it contains the client's end of each TCP connection, too.

A gateway takes two descriptors per session. Where this machine's hard limit does not allow for all sessions in one
process, they are divided among two gateways (or more), each in a namespace of its own, with one control plane.

scale.py BIN [--quick]
"""
import argparse
import json
import pathlib
import re
import resource
import sys
import time

from lib import plot
from lib.cpu import machine_memory_kib, memory_kib
from lib.report import Report, machine_line, number, table
from lib.stage import Stage, main, say

SIZES, QUICK_SIZES, CONCURRENCY, CLIENT_PINGS = (1000, 5000, 10000), (1000,), 20, 100
ONE_USER_MANY_TIMES = {"client-ip-pool": {"SSTP-POOL": {"range": ["10.1.0.0/16"]}}, "single-session": "none"}
SPARE_DESCRIPTORS = 100
THRESHOLDS = pathlib.Path("/proc/sys/net/ipv4/neigh/default")
KERNEL_PARTS = ("SUnreclaim", "Percpu", "VmallocUsed", "PageTables", "KernelStack")
OWN_INTERFACES = re.compile(r"^\s*(sstp|ppp)\d+:", re.M)


class NeighbourThresholds:
    """Each session's interface has an entry in the kernel's one neighbour table, whose limits exist only once, outside
    of all other network namespaces. Raised for the time of the benchmark if they are too low."""

    def __init__(self, sessions):
        self.wanted = {"gc_thresh1": sessions, "gc_thresh2": 2 * sessions, "gc_thresh3": 4 * sessions}
        self.before = {}

    def __enter__(self):
        for name in reversed(self.wanted):
            try:
                value = (THRESHOLDS / name).read_text()
                if int(value) < self.wanted[name]:
                    (THRESHOLDS / name).write_text(str(self.wanted[name]))
                    self.before[name] = value
            except OSError as error:
                print(f"  neighbour thresholds stay as they are: {error}")
                return
        if self.before:
            print(f"  net.ipv4.neigh.default.{', '.join(self.before)} raised for {self.wanted['gc_thresh1']} sessions")

    def __exit__(self, *_):
        for name, value in reversed(self.before.items()):
            (THRESHOLDS / name).write_text(value)


class Edge:
    """One gateway with its namespace and the clients that dial it."""

    def __init__(self, stage, number):
        self.number = number
        self.address = f"192.168.{10 + number}.1"
        self.netns = stage.netns(f"server{number}")
        self.process = None
        self.clients = []


class Scale:
    def __init__(self, stage, sessions):
        self.stage = stage
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        count = -(-sessions // ((limit - SPARE_DESCRIPTORS) // 2))
        if count > 1:
            print(f"  hard limit of {limit} descriptors per process here: {count} gateways share the sessions")
        self.edges = [Edge(stage, i) for i in range(count)]
        self.client = stage.netns("client")
        for edge in self.edges:
            stage.veth((edge.netns, "wan0", f"{edge.address}/24"),
                       (self.client, f"wan{edge.number}", f"192.168.{10 + edge.number}.100/24"))

    def start(self):
        stage = self.stage
        stage.make_pki(*(edge.address for edge in self.edges))
        stage.start_daemons(stage.config(ONE_USER_MANY_TIMES),
                            self.edges[0].netns)
        self.edges[0].process = stage.gateway
        for edge in self.edges[1:]:
            edge.process = stage.start(f"gateway{edge.number}", [
                stage.bin / "sstp-gateway", "--name", f"gw{edge.number + 1}", "--controlplane", stage.link], edge.netns)
            stage.wait_for("the gateway listening", lambda e=edge: stage.listens(e.process, stage.port))
        self.idle(2)  # the first figures are on their way, allocators are warm
        self.empty = self.memory()

    def dial(self, more):
        """`more` sessions, divided among the gateways; set-ups per second."""
        seconds, stage = 0, self.stage
        for edge in self.edges:
            share = more // len(self.edges) + (edge.number < more % len(self.edges))
            client = stage.start(f"client{edge.number}-{len(edge.clients)}", stage.client(
                edge.address, "--timeout", "120", "many", "--sessions", share, "--concurrency", CONCURRENCY, "--pings",
                CLIENT_PINGS, "--hold-until-signal", "--json"), self.client)
            edge.clients.append(client)
            line = stage.wait_for(f"{share} sessions coming up", lambda c=client: re.search(
                r"^holding: (\d+) up, (\d+) failed, set up at ([0-9.]+)", c.output(), re.M), 60 + share / 20)
            if int(line[1]) != share:
                raise stage.failure(f"not all of {share} sessions came up: {line[0]}")
            seconds += share / float(line[3])
        return more / seconds

    def shown(self):
        """(number of active sessions in the table, seconds that showing it took)."""
        begin = time.monotonic()
        sessions = self.stage.sessions()
        return sum(session["state"] == "active" for session in sessions), time.monotonic() - begin

    def sweep(self):
        """One ping to each session from its gateway's side: (answered, worst median, worst 99th percentile in ms)."""
        answered, p50, p99 = 0, 0, 0
        for edge in self.edges:
            links = json.loads(self.stage.run(["ip", "-j", "-4", "address"], edge.netns))
            peers = [a["address"] for link in links for a in link["addr_info"] if "address" in a]
            file = self.stage.folder / "addresses"
            file.write_text("\n".join(peers))
            result = json.loads(self.stage.run([sys.executable, pathlib.Path(__file__).parent / "lib" / "ping_sweep.py",
                                                file], edge.netns, 300))
            answered += result["answered"]
            p50, p99 = max(p50, result["p50_ms"]), max(p99, result["p99_ms"])
        return answered, p50, p99

    def idle(self, seconds):
        """CPU of (gateways, control plane) meanwhile, in percent of one core."""
        processes = [edge.process for edge in self.edges] + [self.stage.control_plane]
        before = [process.cpu_seconds() for process in processes]
        begin = time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - begin
        used = [(process.cpu_seconds() - b) * 100 / took for process, b in zip(processes, before)]
        return sum(used[:-1]), used[-1]

    def memory(self):
        """KiB now: {"gateway", "gateway_unique", "controlplane", "controlplane_unique", "kernel", "available",
        "client"}."""
        kinds = {"gateway": [edge.process for edge in self.edges], "controlplane": [self.stage.control_plane],
                 "client": [client for edge in self.edges for client in edge.clients]}
        result = {}
        for kind, processes in kinds.items():
            parts = [memory_kib(process.pid) for process in processes]
            result[kind] = sum(part["Pss"] for part in parts)
            result[kind + "_unique"] = sum(part["Private_Clean"] + part["Private_Dirty"] for part in parts)
        machine = machine_memory_kib()
        pages = int(re.search(r"^TCP:.* mem (\d+)", pathlib.Path("/proc/net/sockstat").read_text(), re.M)[1])
        result["kernel"] = sum(machine[part] for part in KERNEL_PARTS) + 4 * pages
        result["available"] = -machine["MemAvailable"]
        return result

    def hang_up(self):
        """Seconds from the signal to all clients until neither interface nor session is left."""
        begin = time.monotonic()
        clients = [client for edge in self.edges for client in edge.clients]
        for client in clients:
            client.child.terminate()
        for client in clients:
            client.child.wait(300)
            self.stage.stop(client)
        for edge in self.edges:
            self.stage.wait_for("all interfaces being gone", lambda e=edge: not OWN_INTERFACES.search(
                pathlib.Path(f"/proc/{e.process.pid}/net/dev").read_text()), 120)
        self.stage.wait_for("all sessions being gone", lambda: not self.stage.sessions(), 60)
        return time.monotonic() - begin


def tell(report, results, teardown):
    head = ["sessions", "set-ups/s", "gateway KiB", "unique", "control plane KiB", "unique", "kernel KiB", "client KiB",
            "idle CPU % gw", "cp", "pinged", "p50 ms", "p99 ms", "show s"]
    rows = []
    for size, r in results.items():
        kib = r["kib"]
        rows.append([f"{size:,}", number(r["rate"], 0), number(kib["gateway"], 1), number(kib["gateway_unique"], 1),
                     number(kib["controlplane"], 1), number(kib["controlplane_unique"], 1), number(kib["kernel"], 1),
                     number(kib["client"], 1), number(r["idle"][0], 1), number(r["idle"][1], 1), f"{r['sweep'][0]:,}",
                     number(r["sweep"][1]), number(r["sweep"][2]), number(r["shown"][1])])
        for metric, value, unit in (
                ("setup_rate", r["rate"], "1/s"), ("gateway_kib_per_session", kib["gateway"], "KiB"),
                ("gateway_unique_kib_per_session", kib["gateway_unique"], "KiB"),
                ("controlplane_kib_per_session", kib["controlplane"], "KiB"),
                ("kernel_kib_per_session", kib["kernel"], "KiB"),
                ("machine_kib_per_session", kib["available"], "KiB"),
                ("client_kib_per_session", kib["client"], "KiB"), ("gateway_idle_cpu", r["idle"][0], "percent"),
                ("controlplane_idle_cpu", r["idle"][1], "percent"), ("pings_answered", r["sweep"][0], "sessions"),
                ("ping_p50", r["sweep"][1], "ms"), ("ping_p99", r["sweep"][2], "ms"),
                ("show_sessions", r["shown"][1], "s")):
            report.add(f"{metric}_at_{size}", value, unit)
    last = list(results.values())[-1]
    report.add("sessions_up", min(last["sweep"][0], last["shown"][0]), "sessions")
    report.add("gateway_kib_per_session", last["kib"]["gateway"], "KiB")
    report.add("teardown_of_all", teardown, "s")
    print("\n" + table(head, rows) + "\n")
    report.print_metrics(("sessions_up", "gateway_kib_per_session", "teardown_of_all"))
    points = lambda of: [(size, of(r)) for size, r in results.items()]
    kib = lambda kind: points(lambda r: r["kib"][kind])
    ticks = list(results)
    plot.draw("scale", [
        {"title": "Memory per idle session", "x": "sessions", "y": "KiB", "ticks": ticks, "series": [
            ("gateway", kib("gateway")), ("control plane", kib("controlplane")), ("kernel, both ends", kib("kernel"))]},
        {"title": "Set-ups per second at that size", "x": "sessions", "y": "1/s", "ticks": ticks,
         "series": [("one client process, 20 at a time", points(lambda r: r["rate"]))]},
        {"title": "CPU while idle", "x": "sessions", "y": "percent of one core", "ticks": ticks, "series": [
            ("gateway", points(lambda r: r["idle"][0])), ("control plane", points(lambda r: r["idle"][1]))]}])


def body():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    sizes = QUICK_SIZES if options.quick else SIZES
    report, results, up = Report("scale"), {}, 0
    print(machine_line())
    with Stage(options.bin) as stage, NeighbourThresholds(sizes[-1]):
        bench = Scale(stage, sizes[-1])
        bench.start()
        for size in sizes:
            say(f"{size} sessions")
            result = {"rate": bench.dial(size - up)}
            up = size
            stage.wait_for("the table showing all sessions", lambda s=size: bench.shown()[0] == s, 60)
            result["shown"] = bench.shown()
            result["sweep"] = bench.sweep()
            result["idle"] = bench.idle(5 if options.quick else 10)
            now = bench.memory()
            result["kib"] = {kind: (now[kind] - bench.empty[kind]) / size for kind in now}
            results[size] = result
        say("Hanging up")
        tell(report, results, bench.hang_up())
    report.write()


if __name__ == "__main__":
    main(body)
