#!/usr/bin/env python3
"""./dev bench throughput: what forwarding costs the gateway, and how fast the whole is.

  client                       server                                  inside
  sstpc0 10.0.0.x ─(TLS)────── sstp0 10.0.0.1
  wan0 192.168.10.100 ──────── wan0 .1  gateway   lan0 10.20.0.1 ───── lan0 10.20.0.2
                                                  lan1 10.21.0.1 ───── lan1 10.21.0.2, no super-packets
  iperf3, UDP pump, ping       control plane                           iperf3 -s, UDP pump

Always the same gateway process; what differs is a setting, reloaded, and how the client works:

  packet   the gateway takes one packet per read, write and record (super-packets and fill-records off), the client too
  full     both at their best
  mixed    the gateway at its best, the client one packet per read, write and record: what ordinary clients do

Interleaved in rounds; medians are reported. TCP with 1 and 4 flows and UDP with small and large packets, up (from the
client) and down. The UDP stream has a bounded number of packets under way (udp_pump.cc), less than the queues before the
client and the gateway hold, so it runs as fast as the path takes it and loses nothing. Senders hand their kernel 16 packets
at one time, which is all that makes them fast enough for the gateway; the packets travel one by one. "paced" is a low
fixed rate, where most packets find the gateway asleep; with "gso" the 16 arrive at the gateway in one. Gateway CPU is
user and system time of all its threads, softirq work that was billed to it included: inner TCP of the receiving host
is, when a TUN write delivers it. Limits over the same cable: plain TCP, and a bare TLS stream of 16 KiB records with
the tunnel's cipher. TLS is in user space unless --kernel-tls.

  cpu_per_byte_gain_*          packet / full, CPU per octet of TCP payload, 1 and 4 flows together
  cpu_per_small_packet_gain_*  packet / full, CPU per UDP packet of 200 octets that arrived
  bulk_to_bare_tls_*           Gbit/s of full with 4 TCP flows / Gbit/s of the bare TLS stream right after it
"""
import argparse
import dataclasses
import json
import re
import statistics
import time

from lib import plot, report, stage
from lib.stage import Stage, say

SERVER, CLIENT, INSIDE, INSIDE_SINGLES = "192.168.10.1", "192.168.10.100", "10.20.0.2", "10.21.0.2"
DIRECTIONS = ("up", "down")
IP_UDP = 28  # octets of IPv4 and UDP header
SMALL, LARGE = 200, 1400
SIZES = (SMALL, 576, LARGE)
BULK = "tcp4"  # the load that is compared with bare TLS
PACED_RATE = 10000  # packets per second
WINDOW = 112  # UDP packets under way; the queues towards gateway and test client hold 128


@dataclasses.dataclass(frozen=True)
class Variant:
    name: str
    label: str
    batched: bool  # the gateway's super-packets and filled records
    client: tuple  # arguments of the test client's TUN mode


VARIANTS = (Variant("packet", "packet at a time", False, ("--packet-at-a-time",)),
            Variant("full", "full path", True, ()),
            Variant("mixed", "full path, ordinary client", True, ("--packet-at-a-time",)))


@dataclasses.dataclass(frozen=True)
class Load:
    name: str  # "tcp1", "tcp4", "udp200"
    direction: str
    flows: int = 1
    size: int = 0  # UDP: octets of the IP packet; 0: TCP
    host: str = INSIDE_SINGLES  # UDP: the receiver
    pump: tuple = ("--gso",)  # UDP: further arguments

    @property
    def key(self):
        return f"{self.name}_{self.direction}"



@dataclasses.dataclass
class Result:
    """One run, or the median of several."""
    octets: float  # of TCP or UDP payload that arrived
    packets: float  # UDP packets that arrived, 0 for TCP
    lost_percent: float
    gigabits: float  # per second
    cpu: float  # seconds of the gateway
    ping_ms: float | None = None  # median of the pings meanwhile, TCP only

    @property
    def ns_per_byte(self):
        return self.cpu * 1e9 / self.octets

    @property
    def packets_per_second(self):
        return self.packets * self.gigabits * 1e9 / (self.octets * 8)

    @property
    def ns_per_packet(self):
        return self.cpu * 1e9 / self.packets


def loads(sizes):
    tcp = [Load(f"tcp{flows}", direction, flows) for flows in (1, 4) for direction in DIRECTIONS]
    return tcp + [Load(f"udp{size}", direction, size=size) for size in sizes for direction in DIRECTIONS]


def special_loads():
    """UDP as it is not used for any target: at a low rate, and in super-packets already at the sender."""
    kinds = (("paced", INSIDE_SINGLES, ("--rate", PACED_RATE)), ("gso", INSIDE, ("--gso",)))
    return [Load(f"udp{SMALL}_{name}", direction, size=SMALL, host=host, pump=pump)
            for name, host, pump in kinds for direction in DIRECTIONS]


class Throughput:
    def __init__(self, the_stage, options):
        self.stage = the_stage
        self.options = options
        self.cipher = None
        self.results = {}  # (variant, load key) -> [Result]
        self.limits = {}  # ("plain TCP" or "bare TLS", direction) -> [Gbit/s]
        self.idle_ping = {}  # variant -> [ms]

    # --- the stage ---

    def build(self):
        on = self.stage
        self.server, self.client, self.inside = on.netns("server"), on.netns("client"), on.netns("inside")
        on.veth((self.server, "wan0", f"{SERVER}/24"), (self.client, "wan0", f"{CLIENT}/24"))
        on.veth((self.server, "lan0", "10.20.0.1/24"), (self.inside, "lan0", f"{INSIDE}/24"))
        on.veth((self.server, "lan1", "10.21.0.1/24"), (self.inside, "lan1", f"{INSIDE_SINGLES}/24"))
        on.run(["ip", "link", "set", "lan1", "gso_max_segs", 1], self.inside)
        for table, source, gateway in ((20, INSIDE, "10.20.0.1"), (21, INSIDE_SINGLES, "10.21.0.1")):
            on.run(["ip", "route", "add", "10.0.0.0/24", "via", gateway, "table", table], self.inside)
            on.run(["ip", "rule", "add", "from", source, "lookup", table], self.inside)
        on.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"], self.server)
        on.make_pki(SERVER)
        on.start_daemons(on.config(self.settings(VARIANTS[0])), self.server)
        self.udp_pump = on.start("udp-pump", [on.bin / "sstp-bench-udp-pump", "server"], self.inside)
        self.tls_pump = on.start("tls-pump", [on.bin / "sstp-bench-tls-pump", "server", "--cert", on.folder / "server.pem",
                                          "--key", on.folder / "server.key"], self.server)
        on.wait_for("the TLS stream's server listening", lambda: on.listens(self.tls_pump, 4433))
        on.wait_for("the UDP stream's server listening", lambda: on.listens(self.udp_pump, 5301))

    def settings(self, variant):
        return {"data-path": {"super-packets": variant.batched, "fill-records": variant.batched,
                              "kernel-tls-send": self.options.kernel_tls,
                              "kernel-tls-receive": self.options.kernel_tls}}

    def dial(self, variant):
        on = self.stage
        on.reload(self.settings(variant))
        process = on.start("client", on.client(SERVER, "tun", "--route", "10.20.0.0/24", "--route", "10.21.0.0/24",
                                               *variant.client), self.client)
        on.wait_for("the session", lambda: re.search(r"^up$", process.output(), re.M))
        on.wait_for("the session's activation", lambda: [row for row in on.sessions() if row.get("state") == "active"])
        self.cipher = re.search(r"^tls: \S+ (\S+)$", process.output(), re.M).group(1)
        return process

    def hang_up(self, process):
        self.stage.stop(process)
        self.stage.wait_for("the session's end", lambda: not self.stage.sessions())

    # --- measurements ---

    def iperf(self, arguments, host):
        """One run against a server of its own; (the end of iperf3's report, CPU seconds of the gateway)."""
        on, seconds = self.stage, self.options.seconds
        server = on.start("iperf3", ["iperf3", "-s", "-1"], self.inside if host == INSIDE else self.server)
        on.wait_for("iperf3 listening", lambda: on.listens(server, 5201))
        before = on.gateway.cpu_seconds()
        text = on.run(["iperf3", "-c", host, "-t", seconds, "-J", *arguments], self.client, seconds=seconds + 15)
        cpu = on.gateway.cpu_seconds() - before
        on.stop(server)
        return json.loads(text)["end"], cpu

    def ping(self, seconds, count):
        """Starts a ping with an end; a function that gives the median of its times in ms, None without a reply."""
        process = self.stage.start("ping", ["ping", "-n", "-i", "0.02", "-c", count, "-w", seconds, INSIDE], self.client)

        def median():
            process.child.wait(seconds + 5)
            self.stage.stop(process)
            times = [float(value) for value in re.findall(r"time=([\d.]+)", process.output())]
            return statistics.median(times) if times else None
        return median

    def measure_tcp(self, load):
        ping = self.ping(self.options.seconds, 10000)
        end, cpu = self.iperf([*(["-R"] if load.direction == "down" else []), "-P", load.flows], INSIDE)
        arrived = end["sum_received"]
        return Result(arrived["bytes"], 0, 0, arrived["bits_per_second"] * 1e-9, cpu, ping())

    def measure_udp(self, load):
        on = self.stage
        before = on.gateway.cpu_seconds()
        done = json.loads(on.run([on.bin / "sstp-bench-udp-pump", "client", "--host", load.host, "--direction",
                                  load.direction, "--size", load.size, "--seconds", self.options.seconds,
                                  "--window", WINDOW, *load.pump],
                                 self.client))
        cpu = on.gateway.cpu_seconds() - before
        octets = done["packets"] * (load.size - IP_UDP)
        lost = 100 * (1 - done["packets"] / max(done["sent"], done["packets"]))
        return Result(octets, done["packets"], lost, octets * 8e-9 / done["seconds"], cpu)

    def measure(self, load):
        return self.measure_tcp(load) if load.size == 0 else self.measure_udp(load)

    def measure_variant(self, variant):
        process = self.dial(variant)
        self.idle_ping.setdefault(variant.name, []).append(self.ping(2, 15)())
        for load in self.chosen_loads(variant):
            result = self.measure(load)
            self.results.setdefault((variant.name, load.key), []).append(result)
            if (variant.name, load.name) == ("full", BULK):
                self.measure_bare_tls(load.direction)  # next to what it is compared with
        self.hang_up(process)

    def chosen_loads(self, variant):
        if not self.options.quick:
            return loads(SIZES) + special_loads()
        chosen = loads((SMALL,))
        return chosen if variant.name != "mixed" else [load for load in chosen if load.name != "tcp4"]

    def measure_bare_tls(self, direction):
        text = self.stage.run([self.stage.bin / "sstp-bench-tls-pump", "client", "--host", SERVER, "--ca",
                               self.stage.folder / "ca.pem", "--cipher", self.cipher, "--direction", direction,
                               "--seconds", self.options.seconds], self.client)
        done = json.loads(text)
        self.limits.setdefault(("bare TLS", direction), []).append(done["octets"] * 8e-9 / done["seconds"])

    def measure_plain_tcp(self):
        for direction in DIRECTIONS:
            end, _ = self.iperf(["-R"] if direction == "down" else [], SERVER)
            self.limits.setdefault(("plain TCP", direction), []).append(end["sum_received"]["bits_per_second"] * 1e-9)

    def measure_all(self):
        for number in range(self.options.rounds):
            say(f"Round {number + 1} of {self.options.rounds}")
            for variant in VARIANTS[number % len(VARIANTS):] + VARIANTS[:number % len(VARIANTS)]:
                begin = time.monotonic()
                self.measure_variant(variant)
                print(f"  {variant.label}: {time.monotonic() - begin:.0f} s", flush=True)
            self.measure_plain_tcp()

    # --- results ---

    def median(self, variant, key, value):
        runs = self.results.get((variant, key), [])
        values = [value(run) for run in runs if value(run) is not None]
        return statistics.median(values) if values else None

    def gain(self, keys, cost):
        """Median over the rounds of cost(packet) / cost(full), the runs of `keys` of one round taken together."""
        def of_round(variant, number):
            return cost([self.results[(variant, key)][number] for key in keys])
        return statistics.median(of_round("packet", n) / of_round("full", n) for n in range(self.options.rounds))

    def headline(self):
        """{metric: value} of the targets."""
        def per_byte(runs):
            return sum(run.cpu for run in runs) / sum(run.octets for run in runs)

        def per_packet(runs):
            return sum(run.cpu for run in runs) / sum(run.packets for run in runs)
        found = {}
        for direction in DIRECTIONS:
            bulk = [run.gigabits for run in self.results[("full", f"{BULK}_{direction}")]]
            bare = self.limits[("bare TLS", direction)]
            found[f"cpu_per_byte_gain_{direction}"] = self.gain([f"tcp1_{direction}", f"tcp4_{direction}"], per_byte)
            found[f"cpu_per_small_packet_gain_{direction}"] = self.gain([f"udp{SMALL}_{direction}"], per_packet)
            found[f"bulk_to_bare_tls_{direction}"] = statistics.median(a / b for a, b in zip(bulk, bare))
        return found

    def add_raw(self, to):
        for (variant, key), runs in self.results.items():
            values = [("gateway_cpu_per_byte", "ns", lambda run: run.ns_per_byte),
                      ("throughput", "Gbit/s", lambda run: run.gigabits)]
            if key.startswith("udp"):
                values += [("gateway_cpu_per_packet", "ns", lambda run: run.ns_per_packet),
                           ("packets_per_second", "1/s", lambda run: run.packets_per_second),
                           ("lost", "percent", lambda run: run.lost_percent)]
            elif any(run.ping_ms is not None for run in runs):
                values.append(("ping_under_load", "ms", lambda run: run.ping_ms))
            for name, unit, value in values:
                to.add(f"{variant}_{key}_{name}", self.median(variant, key, value), unit)
        for variant, times in self.idle_ping.items():
            to.add(f"{variant}_ping_idle", statistics.median(times), "ms")
        for (kind, direction), rates in self.limits.items():
            to.add(f"limit_{kind.lower().replace(' ', '_')}_{direction}", statistics.median(rates), "Gbit/s")
        to.add("congestion_control", self.stage.congestion_control, "text")
        to.add("cipher", self.cipher, "text")
        to.add("rounds", self.options.rounds, "rounds")
        to.add("seconds_per_run", self.options.seconds, "s")

    def print_table(self):
        head = ["load", *(f"{variant.label}" for variant in VARIANTS)]
        for title, value, wanted, digits in (
                ("Gateway CPU, ns per octet of payload", lambda run: run.ns_per_byte, "tcp", 2),
                ("Gateway CPU, ns per UDP packet", lambda run: run.ns_per_packet, "udp", 0),
                ("Gbit/s of TCP payload", lambda run: run.gigabits, "tcp", 2),
                ("Ping under load, ms", lambda run: run.ping_ms, "tcp", 2),
                ("UDP packets per second, thousands", lambda run: run.packets_per_second * 1e-3, "udp", 0),
                ("UDP packets lost, percent", lambda run: run.lost_percent, "udp", 2)):
            keys = [load.key for load in loads(SIZES) + special_loads() if load.name.startswith(wanted)]
            rows = [[key.replace("_", " "), *(report.number(self.median(variant.name, key, value), digits)
                                              for variant in VARIANTS)]
                    for key in keys if ("packet", key) in self.results]
            print(f"\n{title}\n{report.table(head, rows)}")
        print(f"\nLimits over the same cable, Gbit/s (TLS: {self.cipher})")
        print(report.table(["limit", *DIRECTIONS], [
            [kind, *(report.number(statistics.median(self.limits[(kind, direction)])) for direction in DIRECTIONS)]
            for kind in ("plain TCP", "bare TLS")]), end="\n\n")

    def draw(self):
        sizes = [size for size in SIZES if ("packet", f"udp{size}_up") in self.results]
        panels = []
        for unit, value in (("packet", lambda run: run.ns_per_packet), ("octet", lambda run: run.ns_per_byte)):
            for direction in DIRECTIONS:
                series = [(variant.label, [(size, self.median(variant.name, f"udp{size}_{direction}", value))
                                           for size in sizes]) for variant in VARIANTS]
                panels.append({"title": f"{direction}, UDP", "x": "octets of the IP packet",
                               "y": f"gateway CPU, ns per {unit}", "series": series, "ticks": sizes})
        return plot.draw("throughput", panels)


def parse_options():
    parser = argparse.ArgumentParser(prog="dev bench throughput")
    parser.add_argument("bin", help="folder of the daemons, the client and sstp-bench-tls-pump")
    parser.add_argument("--quick", action="store_true", help="within a minute: fewer rounds, sizes and seconds")
    parser.add_argument("--rounds", type=int, help="default 5, quick 2")
    parser.add_argument("--seconds", type=int, help="per run; default 3, quick 1")
    parser.add_argument("--kernel-tls", action="store_true", help="let the gateway use kernel TLS where it can")
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.seconds = options.seconds or (1 if options.quick else 3)
    return options


def run():
    options = parse_options()
    begin = time.monotonic()
    with Stage(options.bin) as the_stage:
        bench = Throughput(the_stage, options)
        say(f"Stage: {report.machine_line()}")
        bench.build()
        bench.measure_all()
    results = report.Report("throughput")
    headline = bench.headline()
    for metric, value in headline.items():
        results.add(metric, value, "ratio")
    bench.add_raw(results)
    bench.print_table()
    results.print_metrics(headline)
    bench.draw()
    results.write()
    print(f"took {time.monotonic() - begin:.0f} s")
    return 0


if __name__ == "__main__":
    stage.main(run)
