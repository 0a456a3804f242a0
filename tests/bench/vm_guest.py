#!/usr/bin/env python3
"""The guest's half of ./dev bench vm (see vm.py): measures, and leaves $SG_GUEST_RESULTS/vm.json for the host.

    client namespace                        server namespace
    sstpc + pppd ppp0, or                   sstp0 10.0.0.1, iperf3 -s
    sstp-test-client  sstpc0 ... tunnel ... sstp-gateway :443 + sstp-controlplane
    wan0 192.168.10.100 ─────── veth ────── wan0 192.168.10.1

The machine's clock counts instructions, so CPU time is instructions: 125 per microsecond.
"""
import json
import os
import pathlib
import re
import statistics
import sys

from lib.cpu import memory_kib, user_system_seconds, wakeups
from lib.stage import Stage, main, say

SERVER, CLIENT, GATEWAY = "192.168.10.1", "192.168.10.100", "10.0.0.1"
NAME = "vpn.example.com"
INSTRUCTIONS_PER_SECOND = 125e6
CIPHER = "TLS_AES_256_GCM_SHA384"  # what sstpc gets, too
# Of sstpc(8)'s example; CHAP's flavour is the one that it binds with.
PEER = "usepeerdns\nrequire-mschap-v2\nnoauth\nlock\nrefuse-pap\nrefuse-eap\nrefuse-chap\nrefuse-mschap\nnobsdcomp\nnodeflate\n"
PATIENCE = 300  # seconds of the guest
# Of one transfer. What the gateway does outside of the kernel is told by ticks of 10 ms, so not to the last digit.
METRICS = ("server_instructions_per_byte", "server_user_instructions_per_byte", "machine_instructions_per_byte",
           "payload_octets_per_wakeup", "mbit_per_second")


def machine_busy_seconds():
    """All but idle and waiting for input, of the one CPU."""
    ticks = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
    return (sum(ticks[:8]) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


class Guest:
    def __init__(self, stage, quick):
        self.stage, self.quick = stage, quick
        self.server, self.client = stage.netns("server"), stage.netns("client")
        stage.veth((self.server, "wan0", f"{SERVER}/24"), (self.client, "wan0", f"{CLIENT}/24"))
        stage.make_pki(NAME, SERVER)
        with open("/etc/hosts", "a", encoding="ascii") as hosts:
            hosts.write(f"{SERVER} {NAME}\n")
        for folder in ("/run/lock", "/etc/ppp/peers"):
            os.makedirs(folder, exist_ok=True)
        pathlib.Path("/etc/ppp/peers/bench").write_text(PEER)
        self.results = {}
        self.repeats = 1 if quick else 3

    def cpu(self):
        return (self.stage.gateway.cpu_seconds(), self.stage.control_plane.cpu_seconds(), machine_busy_seconds())

    def put(self, name, value):
        self.results[name] = value
        print(f"  {name} {value:.4g}" if isinstance(value, float) else f"  {name} {value}", flush=True)

    def start(self, kernel_tls):
        stage = self.stage
        config = stage.config({"client-ip-pool": {"SSTP-POOL": {"range": ["10.0.0.0/22"]}}, "single-session": "none",
                               "data-path": {"kernel-tls-send": kernel_tls, "kernel-tls-receive": kernel_tls}})
        stage.start_daemons(config, self.server)

    def stop(self):
        self.stage.stop(self.stage.gateway)
        self.stage.stop(self.stage.control_plane)
        self.stage.operator.unlink(missing_ok=True)

    # --- sessions ---

    def dial(self, client):
        """The client's process once traffic passes. sstpc needs some milliseconds on the way while it connects: it dies
        when the server's flight is there before its first read."""
        stage = self.stage
        if client == "sstpc":
            stage.run(["tc", "qdisc", "add", "dev", "wan0", "root", "netem", "delay", "5ms"], self.server)
            process = stage.start("sstpc", ["sstpc", "--log-stderr", "--ca-cert", stage.folder / "ca.pem", "--user", "test",
                                            "--password", "test", NAME, "--", "call", "bench"], self.client)
            interface = "ppp0"
        else:
            process = stage.start("client", stage.client(SERVER, "--tls", "1.3", "--ciphersuites", CIPHER, "tun"), self.client)
            interface = "sstpc0"
        stage.wait_for(f"{interface} having an address", lambda: "inet " in stage.run(
            ["ip", "-4", "address", "show", "dev", interface], self.client, check=False), PATIENCE)
        stage.wait_for("the session being active", lambda: any(
            session["state"] == "active" for session in stage.sessions()), PATIENCE)
        if client == "sstpc":
            stage.run(["tc", "qdisc", "del", "dev", "wan0", "root"], self.server)
        stage.run(["ping", "-q", "-c", "1", "-W", "30", GATEWAY], self.client)
        return process

    def hang_up(self, process):
        self.stage.stop(process)
        self.stage.wait_for("the session being gone", lambda: not self.stage.sessions(), PATIENCE)

    def check_kernel_tls(self, wanted):
        """One session is up: in the kernel both ways, or not at all."""
        text = pathlib.Path(f"/proc/{self.stage.gateway.pid}/net/tls_stat").read_text()
        now = {line.split()[0]: int(line.split()[1]) for line in text.splitlines()}
        both = now["TlsCurrTxSw"], now["TlsCurrRxSw"]
        if both != ((1, 1) if wanted else (0, 0)):
            raise self.stage.failure(f"kernel TLS of the session, send and receive: {both}, wanted: {wanted}\n{text}")

    # --- figures ---

    def transfer(self, key, direction, octets):
        """Instructions per octet of the gateway and of the whole machine."""
        server = self.stage.start("iperf3", ["iperf3", "-s", "-1", "-B", GATEWAY, "--forceflush"], self.server)
        self.stage.wait_for("iperf3 listening", lambda: self.stage.listens(server, 5201), PATIENCE)
        pid = self.stage.gateway.pid
        before, before_user, before_wakeups = self.cpu(), user_system_seconds(pid), wakeups(pid)
        report = json.loads(self.stage.run(["iperf3", "-c", GATEWAY, "-n", octets, "-J",
                                            *(["-R"] if direction == "down" else [])], self.client, PATIENCE * 4))
        after, after_user, woken = self.cpu(), user_system_seconds(pid), wakeups(pid) - before_wakeups
        server.child.wait(PATIENCE)
        self.stage.stop(server)
        arrived = report["end"]["sum_received"]["bytes"]
        scale = INSTRUCTIONS_PER_SECOND / arrived
        samples = self.samples.setdefault(f"{key}_{direction}", [])
        samples.append(((after[0] - before[0]) * scale, (after_user[0] - before_user[0]) * scale,
                        (after[2] - before[2]) * scale, arrived / woken,
                        report["end"]["sum_received"]["bits_per_second"] / 1e6))

    def transfers(self, key, octets):
        self.samples = {}
        for _ in range(self.repeats):
            for direction in ("up", "down"):
                self.transfer(key, direction, octets)
        for name, samples in self.samples.items():
            for i, metric in enumerate(METRICS):
                self.put(f"{metric}_{name}", statistics.median(sample[i] for sample in samples))

    def ping(self, key):
        text = self.stage.run(["ping", "-q", "-c", "10" if self.quick else "50", "-i", "0.2", GATEWAY], self.client, PATIENCE)
        self.put(f"ping_ms_{key}", float(re.search(r"= [0-9.]+/([0-9.]+)/", text)[1]))

    def set_ups(self, key):
        """Instructions of both daemons per session of our own client, set up and torn down."""
        sessions = 20 if self.quick else 100
        arguments = ["--tls", "1.3", "--ciphersuites", CIPHER, "many", "--concurrency", 4, "--churn", "--json", "--sessions"]
        self.stage.run(self.stage.client(SERVER, *arguments, 5), self.client, PATIENCE)
        self.stage.wait_for("the sessions being gone", lambda: not self.stage.sessions(), PATIENCE)
        before = self.cpu()
        self.stage.run(self.stage.client(SERVER, *arguments, sessions), self.client, PATIENCE)
        self.stage.wait_for("the sessions being gone", lambda: not self.stage.sessions(), PATIENCE)
        after = self.cpu()
        for i, name in enumerate(("gateway", "controlplane")):
            self.put(f"{name}_minsn_per_setup_{key}", (after[i] - before[i]) * INSTRUCTIONS_PER_SECOND / 1e6 / sessions)

    def memory(self, key):
        """KiB of the gateway per idle session."""
        sessions, stage = 50 if self.quick else 300, self.stage
        before = memory_kib(stage.gateway.pid)["Pss"]
        client = stage.start("many", stage.client(SERVER, "--tls", "1.3", "--ciphersuites", CIPHER, "many", "--concurrency", 8,
                                                  "--hold-until-signal", "--sessions", sessions), self.client)
        stage.wait_for("the sessions being up", lambda: f"holding: {sessions} up" in client.output(), PATIENCE)
        self.put(f"gateway_kib_per_session_{key}", (memory_kib(stage.gateway.pid)["Pss"] - before) / sessions)
        self.hang_up(client)

    def run(self):
        sizes = {"sstpc": 1 << 20 if self.quick else 4 << 20, "own": 4 << 20 if self.quick else 24 << 20}
        for kernel_tls in (False, True):
            where = "kernel" if kernel_tls else "user"
            say(f"TLS in {where} space")
            self.start(kernel_tls)
            self.memory(where)
            self.set_ups(where)
            for client, octets in sizes.items():
                key = f"{client}_{where}"
                process = self.dial(client)
                self.check_kernel_tls(kernel_tls)
                self.transfers(key, octets)
                self.ping(key)
                self.hang_up(process)
            self.stop()


def body():
    with Stage(sys.argv[1]) as stage:
        guest = Guest(stage, "--quick" in sys.argv)
        try:
            guest.run()
        finally:
            pathlib.Path(os.environ["SG_GUEST_RESULTS"], "vm.json").write_text(json.dumps(guest.results))


if __name__ == "__main__":
    main(body)
