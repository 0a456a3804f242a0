"""What the RADIUS benchmark stands on: FreeRADIUS at the end of a cable, and control planes that differ in what they ask
of it.

    client                  server                                             radius
    wan0 192.168.10.100 ─── wan0 192.168.10.1  sstp-gateway :443
    sstp-test-client                           sstp-controlplane :1700
                                               sstp-bench-radius-gateway
                                               radclient                lan0 ─── lan0 10.20.0.2  FreeRADIUS
                                                                   10.20.0.1                     radclient (CoA)
"""
import contextlib
import json
import pathlib
import re
import time

from .free_radius import AUTH_PORT, FreeRadius, RadClient, SECRET

GATEWAY, NAS, RADIUS, DYNAMIC_PORT = "192.168.10.1", "10.20.0.1", "10.20.0.2", 1700
AUTH = f"{RADIUS}:{AUTH_PORT}"
# Kinds of control plane.
LOCAL, UNACCOUNTED, ACCOUNTED = "local users", "RADIUS", "RADIUS, accounted"
WAITING = ("sstp_radius_accounting_sessions", "sstp_radius_accounting_spool_records")


class ControlPlane:
    """One of several; the stage's, to which clients and sstpctl turn, is the newest one."""

    def __init__(self, stage, netns, config, name):
        stage.state = stage.folder / f"state-{name}"
        stage.start_control_plane(config, netns, name)
        self.stage, self.process, self.link, self.operator = stage, stage.control_plane, stage.link, stage.operator
        self.state = stage.state

    def ask(self, *words):
        return json.loads(self.stage.run([self.stage.bin / "sstpctl", "--socket", self.operator, *words, "--json"]))

    def settled(self):
        """No session is left, nor a record that nobody has answered."""
        accounting = self.ask("show", "radius").get("accounting", {})  # with local users: none
        return not any(accounting.get(name) for name in WAITING) and not self.ask("show", "sessions")

    def stored_octets(self):
        return sum(file.stat().st_size for file in self.state.glob("*") if file.is_file())

    def written_octets(self):
        """Given to the disk so far."""
        return int(re.search(r"^write_bytes: (\d+)", pathlib.Path(f"/proc/{self.process.pid}/io").read_text(), re.M)[1])


class RadiusStage:
    def __init__(self, stage):
        self.stage = stage
        self.client, self.server, self.far = (stage.netns(role) for role in ("client", "server", "radius"))
        stage.veth((self.server, "wan0", f"{GATEWAY}/24"), (self.client, "wan0", "192.168.10.100/24"))
        stage.veth((self.server, "lan0", f"{NAS}/24"), (self.far, "lan0", f"{RADIUS}/24"))
        stage.make_pki(GATEWAY, NAS)
        self.radius = FreeRadius(stage, self.far, RADIUS)
        self.radius.start()
        self.radclient, self.far_radclient = RadClient(stage, self.server), RadClient(stage, self.far)
        self.count = 0

    def config(self, kind, changes):
        authentication = {"mode": "local"}
        if kind == LOCAL:
            authentication["local-users"] = {f"u{i}": {"password": "test"} for i in range(1000)}
        else:
            authentication = {"mode": "radius", "local-users": None, "radius": {
                "servers": [{"address": RADIUS, "key": SECRET, "disable-accounting": kind == UNACCOUNTED}],
                "nas-identifier": "bench", "rate-limit": {"enable": True}, **changes}}
        return self.stage.config({"authentication": authentication, "log": {"level": 2},
                                  "client-ip-pool": {"SSTP-POOL": {"range": ["10.1.0.0/16"]}}})

    @contextlib.contextmanager
    def control_plane(self, kind, **changes):
        """`changes`: nodes of authentication.radius."""
        self.count += 1
        plane = ControlPlane(self.stage, self.server, self.config(kind, changes), f"controlplane{self.count}")
        yield plane
        self.stage.stop(plane.process)

    @contextlib.contextmanager
    def gateway(self, plane):
        process = self.stage.start_gateway(self.server, plane.link)
        yield process
        self.stage.stop(process)

    def played(self, plane, *arguments):
        """Command line of the gateway that has no clients."""
        return [self.stage.bin / "sstp-bench-radius-gateway", "--link", plane.link, *arguments]

    def logins(self, plane, *arguments):
        """Its report; back when nothing is left of its sessions."""
        output = self.stage.run(self.played(plane, "logins", *arguments), self.server, 120)
        report = json.loads(output.splitlines()[-1])
        if report["refused"] or report["ended"]:
            raise self.stage.failure(f"logins were refused: {json.dumps(report)}")
        self.stage.wait_for("no session being left", plane.settled, 60)
        return report

    @contextlib.contextmanager
    def held(self, plane, sessions, traffic):
        """So many sessions that stay, of which so many move something in each second; set-ups per second."""
        stage = self.stage
        process = stage.start("played-gateway", self.played(plane, "hold", "--sessions", sessions, "--traffic", traffic),
                              self.server)
        line = stage.wait_for(f"{sessions} sessions coming up", lambda: re.search(
            r"^holding: (\d+) up, (\d+) failed, set up at ([0-9.]+)", process.output(), re.M), 60 + sessions / 50)
        if int(line[1]) != sessions:
            raise stage.failure(f"not all of {sessions} sessions came up: {line[0]}")
        yield float(line[3])
        stage.stop(process)
        self.left = json.loads(process.output().splitlines()[-1])


class Costs:
    """CPU of some processes over a `with`, in microseconds."""

    def __init__(self, *processes):
        self.processes = processes

    def __enter__(self):
        self.before, self.begin = [process.cpu_seconds() for process in self.processes], time.monotonic()
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self.begin
        self.us = [(process.cpu_seconds() - before) * 1e6 for process, before in zip(self.processes, self.before)]

    def per(self, count):
        return [us / count for us in self.us]

    def percent(self):
        """Of one core."""
        return [us / 1e4 / self.seconds for us in self.us]
