"""Runs sstp-bench-flows between a client and a server and looks at what happens meanwhile.

The receiving end counts payload between two instants of its own clock, after a warm-up (flows/flows.cc). At the same two
instants `look()` is called, and pings go only between them, so that everything is told of the same time.
"""
import dataclasses
import json
import os
import re
import select
import signal
import statistics
import subprocess
import time


@dataclasses.dataclass(frozen=True)
class Load:
    """`flows` of TCP, or with `udp_rate` (bit/s of payload) a stream of UDP packets."""
    flows: int = 1
    udp_rate: int = 0
    payload: int = 1200
    bind: tuple = ()  # addresses that the flows go from in turn

    def arguments(self, warm_factor):
        words = [word for address in self.bind for word in ("--bind", address)]
        if self.udp_rate:
            return words + ["--udp-rate", self.udp_rate, "--warm-rate", int(self.udp_rate * warm_factor), "--payload",
                            self.payload]
        return words + ["--flows", self.flows]


class Pings:
    """Small echo requests through the tunnel until stop()."""

    def __init__(self, stage, netns, host, interval):
        self.stage = stage
        self.process = stage.start("ping", ["ping", "-n", "-s", 16, "-i", interval, host], netns)

    def stop(self):
        """(times in ms, percent that were not answered, of those before the last one that was)."""
        self.process.child.send_signal(signal.SIGINT)
        self.process.child.wait(10)
        self.stage.stop(self.process)
        text = self.process.output()
        times = [float(value) for value in re.findall(r"time=([\d.]+)", text)]
        last = max(map(int, re.findall(r"icmp_seq=(\d+).* time=", text)), default=0)
        return times, 100 * (1 - len(times) / last) if last else 100


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else None


def idle_ping(stage, netns, host, count=10):
    """Median in ms of a quiet path."""
    text = stage.run(["ping", "-n", "-s", 16, "-i", "0.1", "-c", count, "-w", 30, host], netns, 40, check=False)
    times = [float(value) for value in re.findall(r"time=([\d.]+)", text)]
    if not times:
        raise stage.failure(f"no answer from {host}\n{text}")
    return statistics.median(times)


def settle(stage, netns, host, idle, seconds=60):
    """Until what former loads left in queues has gone: an echo takes no longer than on a quiet path."""
    def quiet():
        text = stage.run(["ping", "-n", "-s", 16, "-c", 1, "-W", 5, host], netns, 10, check=False)
        took = re.search(r"time=([\d.]+)", text)
        return took and float(took[1]) < 2 * idle + 10
    stage.wait_for(f"queues towards {host} being empty", quiet, seconds)


class Runner:
    def __init__(self, stage, client, control, patience=1):
        self.stage, self.client, self.control = stage, client, control
        self.patience = patience  # times as long as on a fast machine

    def start_server(self, netns):
        server = self.stage.start("flows", [self.stage.bin / "sstp-bench-flows", "server"], netns)
        self.stage.wait_for("the load's server listening", lambda: self.stage.listens(server, 5401), 20 * self.patience)

    def run(self, load, host, direction, warm_up, seconds, look=lambda: None, ping_interval=None, warm_factor=2):
        """(report of sstp-bench-flows, (look() at the first instant, look() at the second), Pings.stop() or None)."""
        stage = self.stage
        argv = stage.inside(self.client, [stage.bin / "sstp-bench-flows", "client", "--host", host, "--control",
                                          self.control, "--direction", direction, "--warm-up", warm_up, "--seconds", seconds,
                                          *load.arguments(warm_factor)])
        pings = None
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
            try:
                said = Lines(child.stdout.fileno(), time.monotonic() + (warm_up + seconds + 30) * self.patience)
                self.expect(said, "begin", argv)
                if ping_interval:
                    pings = Pings(stage, self.client, host, ping_interval)
                first = look()
                self.expect(said, "end", argv)
                second = look()
                pinged = pings.stop() if pings else None
                return json.loads(self.expect(said, "{", argv)), (first, second), pinged
            finally:
                child.kill()

    def expect(self, said, beginning, argv):
        line = said.next()
        if line is None or not line.startswith(beginning):
            raise self.stage.failure(f"{' '.join(argv)}\nsaid '{line}' instead of '{beginning}'")
        return line


class Lines:
    """What a process prints, line by line, as soon as it does, until a time."""

    def __init__(self, fd, end):
        self.fd, self.end, self.text = fd, end, b""

    def next(self):
        """The next line; None: nothing more comes, or it is too late."""
        while b"\n" not in self.text:
            if not select.select([self.fd], [], [], max(0, self.end - time.monotonic()))[0]:
                return None
            more = os.read(self.fd, 65536)
            if not more:
                return self.text.decode() or None
            self.text += more
        line, self.text = self.text.split(b"\n", 1)
        return line.decode()
