#!/usr/bin/env python3
"""./dev bench shaper: what sessions with a rate limit get, against what was configured.

  client                         server                                   lan
  sstpc0 10.0.0.x ──(TLS)─────── sstp0 10.0.0.1
  wan0 192.168.10.100 ────────── wan0 .1  gateway   lan0 10.20.0.1 ────── lan0 10.20.0.2, 10.22.0.2
                                          far0 10.21.0.1 ─(10 ms each way)─ far0 10.21.0.2
  loads, ping                    control plane                            loads

Nearly no round-trip time towards 10.20.0.2, 20 ms towards 10.21.0.2: through netem where the kernel has it, otherwise
through sstp-bench-delay-relay. One dial per pair of limiter kinds (to and from the client); between runs the rate is
changed by "sstpctl shaper change", both directions to the same. One direction is loaded at a time: TCP with 1 and 4 flows,
UDP packets of 1200 octets of payload at 1.3 times the rate.

Achieved is payload (of TCP or UDP) that the receiving end took between two instants of its own clock, after a warm-up in
which what the limit lets pass at once is used up (UDP: at twice its rate); configured is the rate as an operator writes it.
Pings of 16 octets go along, towards the same host, between the same instants; "added" is their median less that of the quiet
path. IPv4 only.

  worst_tcp_error_percent, worst_udp_error_percent   |achieved / configured - 1| from 1 Mbit/s up, the worst run of any kind
  bpf_ns_per_run                                     the costliest of the gateway's BPF programs
  fairness_worst_percent                             see shaper_fairness.py

shaper.py BIN [--quick] [--vm] [--by-hand]
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

import shaper_fairness
import shaper_tell
from lib import bpf, limits, plan
from lib.flows import Load, Runner, idle_ping, percentile, settle
from lib.report import FOLDER, ROOT, machine_line
from lib.stage import Failure, Stage, main, merged, say

SERVER, CLIENT = "192.168.10.1", "192.168.10.100"
HOSTS = {plan.NEAR: "10.20.0.2", plan.FAR: "10.21.0.2"}
CONTROL = "10.22.0.2"  # of lan0, too, but not through the tunnel
ONE_WAY_MS, RELAY = 10, "far0"
PROGRAMS = "sg_"  # BPF programs of the gateway, if it holds no descriptors of them


class Shaper:
    def __init__(self, stage, profile, by_hand):
        self.stage, self.profile = stage, profile
        self.server, self.client, self.lan = stage.netns("server"), stage.netns("client"), stage.netns("lan")
        self.limits = limits.ByHand(stage, self.server, self.client) if by_hand else limits.Product(stage, self.server)
        self.runner = Runner(stage, self.client, CONTROL, profile.patience)
        self.results, self.session, self.idle, self.congestion_control, self.relay = [], None, {}, None, None

    # --- the stage ---

    def build(self):
        on = self.stage
        on.veth((self.server, "wan0", f"{SERVER}/24"), (self.client, "wan0", f"{CLIENT}/24"))
        on.veth((self.server, "lan0", "10.20.0.1/24"), (self.lan, "lan0", f"{HOSTS[plan.NEAR]}/24"))
        on.run(["ip", "address", "add", f"{CONTROL}/32", "dev", "lan0"], self.lan)
        on.run(["ip", "route", "add", f"{CONTROL}/32", "via", HOSTS[plan.NEAR]], self.server)
        on.run(["ip", "route", "add", f"{CONTROL}/32", "via", SERVER], self.client)
        on.run(["ip", "route", "add", f"{CLIENT}/32", "via", "10.20.0.1"], self.lan)
        self.delayed_by = self.far()
        for table, source, gateway in ((20, HOSTS[plan.NEAR], "10.20.0.1"), (21, HOSTS[plan.FAR], "10.21.0.1")):
            on.run(["ip", "route", "add", "10.0.0.0/24", "via", gateway, "table", table], self.lan)
            on.run(["ip", "rule", "add", "from", source, "lookup", table], self.lan)
        on.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"], self.server)
        on.make_pki(SERVER)
        on.start_daemons(on.config(self.settings(None)), self.server)
        self.runner.start_server(self.lan)

    def far(self):
        """The cable with a delay; what delays."""
        on = self.stage
        ends = ((self.server, RELAY, "10.21.0.1/24"), (self.lan, RELAY, f"{HOSTS[plan.FAR]}/24"))
        if limits.kernel_has(on, self.lan, "netem"):
            on.veth(*ends)
            for netns, *_ in ends:
                on.run(["tc", "qdisc", "add", "dev", RELAY, "root", "netem", "delay", f"{ONE_WAY_MS}ms", "limit", 100000],
                       netns)
            return "netem"
        self.relay = relay = on.start("relay", [on.bin / "sstp-bench-delay-relay", "--netns", self.server, "--netns", self.lan, "--ifname",
                                          RELAY, "--delay-ms", ONE_WAY_MS])
        on.wait_for("the delay relay", lambda: "ready" in relay.output())
        for netns, name, address in ends:
            on.run(["ip", "address", "add", address, "dev", name], netns)
            on.run(["ip", "link", "set", name, "up"], netns)
        return "sstp-bench-delay-relay"

    def settings(self, pair, kbit=None):
        return merged({"authentication": {"mode": "local"}}, self.limits.settings(pair, kbit))

    def dial(self, pair, kbit=None):
        """A session limited by a pair of kinds, or not at all; the kinds in use."""
        on, patience = self.stage, 30 * self.profile.patience
        on.reload(self.settings(pair, kbit))
        routes = [word for host in HOSTS.values() for word in ("--route", f"{host}/32")]
        self.session = on.start("client", on.client(SERVER, "tun", *routes), self.client)
        active = lambda: [row for row in on.sessions() if row.get("state") == "active"]
        self.interface = on.wait_for("the session being active", active, patience)[0]["ifname"]
        on.wait_for("the client being up", lambda: "\nup\n" in self.session.output(), patience)
        self.idle = {rtt: idle_ping(on, self.client, host, self.profile.idle_pings) for rtt, host in HOSTS.items()}
        return self.limits.in_use(self.interface, pair) if pair else (None, None)

    def hang_up(self):
        self.stage.stop(self.session)
        self.stage.wait_for("the session's end", lambda: not self.stage.sessions(), 30 * self.profile.patience)

    def relay_counters(self):
        """Of both directions, at its end; none if netem delays."""
        if not self.relay:
            return []
        self.stage.stop(self.relay)
        return json.loads(self.relay.output().splitlines()[-1])["directions"]

    # --- one run ---

    def look(self):
        return {"cpu": self.stage.gateway.cpu_seconds(),
                "bpf": bpf.programs(self.stage.gateway.pid, PROGRAMS) if self.stage.gateway else {}}

    def drops(self, case):
        """{where: packets so far}: the product's limit; the qdiscs and queues of both interfaces, a super-packet as one."""
        on = self.stage
        self.limits.refresh(self.interface, lambda: idle_ping(on, self.client, HOSTS[plan.NEAR], 1))
        found = {"limit": self.limits.dropped(self.interface, case.direction)}
        for whose, netns, name in (("gateway's", self.server, self.interface), ("client's", self.client, "sstpc0")):
            found[f"{whose} qdisc"] = limits.root_drops(on, netns, name)
            found[f"{whose} queue"] = limits.interface_drops(on, netns, name)
        return found

    def measure(self, case):
        host, limited = HOSTS[case.rtt], case.kbit is not None
        settle(self.stage, self.client, host, self.idle[case.rtt], 30 * self.profile.patience)
        udp = case.load == "udp"
        load = Load(udp_rate=int(case.kbit * 1300)) if udp else Load(flows=int(case.load.removeprefix("tcp")))
        before = self.drops(case) if udp else {}
        interval = 0.2 if limited and case.kbit < 1000 else 0.1
        report, (first, second), (times, lost) = self.runner.run(
            load, host, case.direction, self.profile.warm_up, self.profile.seconds(case.load), self.look, interval)
        octets = sum(report["octets"])
        achieved = octets * 8 / report["seconds"]
        result = {**vars(case), "achieved": achieved, "ratio": achieved / (case.kbit * 1000) if limited else None,
                  "slowest_second": min(report["of_each_second"]) * 8, "ping_median": percentile(times, 50),
                  "ping_p95": percentile(times, 95), "ping_lost_percent": lost, "ping_idle": self.idle[case.rtt],
                  "cpu_per_octet": (second["cpu"] - first["cpu"]) * 1e9 / max(1, octets)}
        if udp:
            result |= {"sent": report["sent"], "arrived": report["arrived"], "disordered": report["disordered"],
                       "dropped": {where: now - before[where] for where, now in self.drops(case).items()}}
        else:
            self.congestion_control = report["congestion_control"]
            result["retransmitted_percent"] = 100 * report["retransmitted"] / max(1, report["packets"])
        if case.count_bpf:
            result |= self.bpf_cost(first["bpf"], second["bpf"], report["packets"])
        self.results.append(result)
        print(shaper_tell.line(result), flush=True)

    @staticmethod
    def bpf_cost(first, second, packets):
        """Nanoseconds per run of each program, and of all programs per packet of the load."""
        per_run, total = {}, 0
        for name, (runs, time_ns) in second.items():
            runs, time_ns = runs - first.get(name, (0, 0))[0], time_ns - first.get(name, (0, 0))[1]
            total += time_ns
            if runs > 0:
                per_run[name] = {"runs": runs, "ns": time_ns / runs}
        return {"bpf": per_run, "bpf_ns_per_packet": total / max(1, packets)}

    # --- all runs ---

    def measure_unlimited(self):
        say("No limit")
        self.dial(None)
        for case in plan.unlimited(self.profile):
            self.measure(case)
        self.hang_up()

    def measure_pair(self, pair, cases):
        """All cases of one dial. `pair` may be ("auto", "auto")."""
        first = min(case.kbit for case in cases)
        found = self.dial(pair, first)
        chosen = ", which the gateway chose" if "auto" in pair else ""
        say(f"To the client {found[0]}, from the client {found[1]}{chosen}")
        rate = None
        for case in plan.named(cases, found):
            if case.kbit != rate:
                rate = case.kbit
                self.limits.change(self.interface, rate, pair)
            if case.count_bpf:
                with bpf.Statistics():
                    self.measure(case)
            else:
                self.measure(case)
        self.hang_up()
        return found

    def measure_all(self):
        pairs, missing = self.limits.pairs(self.lan)
        for kind, qdisc in missing.items():
            print(f"  {kind}: not on this kernel (no sch_{qdisc})")
        if self.profile.unlimited:
            self.measure_unlimited()
        if self.profile.every_kind:
            done = set()
            for pair in pairs:
                cases = plan.limited(self.profile, [d for d, k in zip(("down", "up"), pair) if (d, k) not in done])
                self.measure_pair(pair, cases)
                done |= set(zip(("down", "up"), pair))
        else:
            self.measure_pair(self.limits.default, plan.limited(self.profile, ("down", "up")))
        return missing


def collect(binaries, profile, by_hand):
    """Measures; everything that is to be told, as JSON has it."""
    with Stage(binaries) as stage:
        bench = Shaper(stage, profile, by_hand)
        say(f"Stage: {machine_line()}")
        bench.build()
        print(f"  limits by {bench.limits.name}; 20 ms of round-trip time by {bench.delayed_by}; "
              f"IPv4 only\n  {profile.text}")
        if os.getloadavg()[0] > 1:
            print(f"  this machine is busy with something else (load average {os.getloadavg()[0]:.1f}): expect noise")
        missing = bench.measure_all()
        fairness = []
        if profile.fair_sessions:
            fairness = shaper_fairness.measure(bench, profile, HOSTS[plan.NEAR], SERVER)
        relay = bench.relay_counters()
    return {"runs": bench.results, "relay": relay, "fairness": fairness, "missing": missing, "delayed_by": bench.delayed_by,
            "limits_by": bench.limits.name, "congestion_control": bench.congestion_control, "profile": profile.name}


def collect_in_guest(options):
    results = FOLDER / "shaper-vm"
    (results / "shaper.json").unlink(missing_ok=True)
    words = [ROOT / "tests/vm/run_guest.sh", "--kernel", ROOT / "build/guest-kernel", "--timeout", 3000, "--keep", results,
             sys.executable, pathlib.Path(__file__).resolve(), pathlib.Path(options.bin).resolve(), "--in-guest"]
    words += ["--quick"] * options.quick + ["--by-hand"] * options.by_hand
    done = subprocess.run([str(word) for word in words], check=False)
    if done.returncode != 0 or not (results / "shaper.json").exists():
        raise Failure(f"the guest's run failed, exit code {done.returncode}; its output is in {results}")
    return json.loads((results / "shaper.json").read_text())


def body():
    parser = argparse.ArgumentParser(prog="dev bench shaper")
    parser.add_argument("bin", help="folder of the daemons, the client and the benchmark's programs")
    parser.add_argument("--quick", action="store_true", help="within a minute: what the gateway takes by itself, two rates")
    parser.add_argument("--vm", action="store_true", help="in a guest with Debian's kernel, which has every kind")
    parser.add_argument("--by-hand", action="store_true", help="tbf and htb set by tc instead of the product's limits")
    parser.add_argument("--in-guest", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    begin = time.monotonic()
    if options.in_guest:
        found = collect(options.bin, plan.guest(options.quick), options.by_hand)
        pathlib.Path(os.environ["SG_GUEST_RESULTS"], "shaper.json").write_text(json.dumps(found))
        return 0
    if options.vm:
        found = collect_in_guest(options)
    else:
        found = collect(options.bin, plan.quick() if options.quick else plan.full(), options.by_hand)
    shaper_tell.tell(found, "shaper" + "_vm" * options.vm + "_by_hand" * options.by_hand)
    print(f"took {time.monotonic() - begin:.0f} s")
    return 0


if __name__ == "__main__":
    main(body)
