"""The stage of a benchmark: network namespaces, a private PKI, both daemons and any other process, all gone at its end.

    with Stage(bin_folder) as stage:
        server, client = stage.netns("server"), stage.netns("client")
        stage.veth((server, "wan0", "192.168.10.1/24"), (client, "wan0", "192.168.10.100/24"))
        stage.make_pki("192.168.10.1")
        stage.start_daemons(stage.config(), server)
        ...
        stage.gateway.cpu_seconds()

Root is needed. Every wait is for a fact and bounded; what fails raises Failure, with the ends of the logs in its text.
A process dies with the stage, or with this program if that is killed first; only processes of the stage are signalled.
"""
import copy
import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from .cpu import cpu_seconds

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """The benchmark cannot go on; the text says why."""


def say(text):
    print(f"\n\033[1m==> {text}\033[0m" if sys.stdout.isatty() else f"\n==> {text}", flush=True)


def merged(base, changes):
    """A copy of the nested dict `base` with `changes` put over it; None removes a key."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


class Process:
    """A process in the background; standard output and standard error go to `log`."""

    def __init__(self, name, argv, log):
        self.name = name
        self.log = log
        with open(log, "wb") as output:
            self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                          preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        self.pid = self.child.pid

    def running(self):
        return self.child.poll() is None

    def output(self):
        return pathlib.Path(self.log).read_text(errors="replace")

    def cpu_seconds(self):
        return cpu_seconds(self.pid)

    def stop(self, seconds=10):
        """SIGTERM, SIGKILL when that did not help; the exit code."""
        if self.running():
            self.child.terminate()
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
        return self.child.wait()


class Stage:
    def __init__(self, bin_folder):
        self.bin = pathlib.Path(bin_folder).resolve()
        self.processes = []
        self.namespaces = []
        self.gateway = self.control_plane = None

    def __enter__(self):
        if os.geteuid() != 0:
            raise Failure("root is needed (network namespaces, interfaces)")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sstp-bench-"))
        self.state = self.folder / "state"
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(130))
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):  # clients before the gateway before the control plane
            process.stop()
        for name in self.namespaces:
            subprocess.run(["ip", "netns", "del", name], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- network ---

    def netns(self, role):
        """A network namespace with loopback up; its name. TCP uses cubic, as Debian does, or reno where that may not be
        chosen, whatever this machine prefers: BBR's estimates make no sense of a cable without delay between processes
        that share a core."""
        name = f"sgbench{os.getpid()}-{role}"
        self.run(["ip", "netns", "add", name])
        self.namespaces.append(name)
        self.run(["ip", "link", "set", "lo", "up"], name)
        for self.congestion_control in ("cubic", "reno"):
            self.run(["sysctl", "-qw", f"net.ipv4.tcp_congestion_control={self.congestion_control}"], name, check=False)
            if self.run(["sysctl", "-n", "net.ipv4.tcp_congestion_control"], name).strip() == self.congestion_control:
                break
        return name

    def veth(self, a, b):
        """A cable between two ends, each (namespace, interface, "address/bits"), up."""
        self.run(["ip", "link", "add", a[1], "netns", a[0], "type", "veth", "peer", "name", b[1], "netns", b[0]])
        for where, interface, address in (a, b):
            self.run(["ip", "address", "add", address, "dev", interface], where)
            self.run(["ip", "link", "set", interface, "up"], where)

    # --- processes ---

    @staticmethod
    def inside(netns, argv):
        """`argv` as run in a namespace; nsenter replaces itself, so the pid is the program's."""
        prefix = ["nsenter", f"--net=/run/netns/{netns}", "--"] if netns else []
        return prefix + [str(word) for word in argv]

    def run(self, argv, netns=None, seconds=60, check=True):
        """Runs to its end; the standard output."""
        try:
            done = subprocess.run(self.inside(netns, argv), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            raise self.failure(f"not within {seconds} s: {' '.join(map(str, argv))}") from None
        if check and done.returncode != 0:
            raise self.failure(f"{' '.join(map(str, argv))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, name, argv, netns=None):
        process = Process(name, self.inside(netns, argv), self.folder / f"{name}.log")
        self.processes.append(process)
        return process

    def stop(self, process):
        self.processes.remove(process)
        return process.stop()

    def wait_for(self, what, fact, seconds=20):
        """Until `fact()` is true, and its value."""
        end = time.monotonic() + seconds
        while not (value := fact()):
            for process in self.processes:
                if not process.running():
                    raise self.failure(f"{what}: {process.name} has ended")
            if time.monotonic() > end:
                raise self.failure(f"{what}: not within {seconds} s")
            time.sleep(0.02)
        return value

    def failure(self, text):
        for log in sorted(self.folder.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-15:]
            if lines:
                text += f"\n--- last lines of {log.name}\n" + "\n".join(lines)
        return Failure(text)

    @staticmethod
    def listens(process, port):
        """Whether a TCP socket listens on `port` in the network namespace of `process`."""
        for table in ("tcp", "tcp6"):
            try:
                lines = pathlib.Path(f"/proc/{process.pid}/net/{table}").read_text().splitlines()[1:]
            except OSError:
                continue
            for fields in map(str.split, lines):
                if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    return True
        return False

    # --- PKI, configuration, daemons ---

    def make_pki(self, *names, key="ec"):
        """ca.pem, server.pem and server.key in the stage's folder. `key`: "ec" (P-256) or "rsa" (2048)."""
        ec = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        algorithm = {"ec": ec, "rsa": ["rsa:2048"]}[key]
        at = lambda name: self.folder / name
        kinds = [("IP" if name.replace(".", "").isdigit() else "DNS", name) for name in names]
        at("server.ext").write_text("subjectAltName=" + ",".join(f"{kind}:{name}" for kind, name in kinds) +
                                    "\nextendedKeyUsage=serverAuth\n")
        new = lambda kind: ["openssl", "req", "-newkey", *kind, "-nodes"]
        self.run([*new(ec), "-x509", "-days", "30", "-subj", "/CN=benchmark CA", "-keyout", at("ca.key"),
                  "-out", at("ca.pem")])
        self.run([*new(algorithm), "-subj", f"/CN={names[0]}", "-keyout", at("server.key"), "-out", at("server.csr")])
        self.run(["openssl", "x509", "-req", "-in", at("server.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"),
                  "-CAcreateserial", "-days", "30", "-extfile", at("server.ext"), "-out", at("server.pem")])

    def config(self, changes=None):
        """Writes the configuration of the README with this stage's certificates and `changes` (nested dict below
        "sstp") put over it; the file. JSON is YAML, too."""
        settings = merged({
            "port": 443,
            "authentication": {"mode": "local", "local-users": {"test": {"password": "test"}}},
            "client-ip-pool": {"SSTP-POOL": {"range": ["10.0.0.2-10.0.0.100"]}},
            "default-pool": "SSTP-POOL",
            "gateway-address": "10.0.0.1",
            "ssl": {"ca-certificate": str(self.folder / "ca.pem"), "certificate": str(self.folder / "server.pem"),
                    "key": str(self.folder / "server.key")},
        }, changes or {})
        self.port = settings["port"]
        file = self.folder / "sstp.yaml"
        file.write_text(json.dumps({"sstp": settings}, indent=1) + "\n")
        return file

    def start_control_plane(self, config, netns, name="controlplane"):
        """With its state, which outlives it, in the stage's folder, too."""
        self.run([self.bin / "sstp-controlplane", "--config", config, "--check"])
        self.link, self.operator = f"unix:{self.folder}/{name}.link", self.folder / f"{name}.operator"
        self.operator.unlink(missing_ok=True)
        self.control_plane = self.start(name, [
            self.bin / "sstp-controlplane", "--config", config, "--link", self.link, "--operator", self.operator,
            "--state-directory", self.state], netns)
        self.wait_for("starting the control plane", self.operator.exists)

    def start_gateway(self, netns, link):
        """The process, when it listens."""
        gateway = self.start("gateway", [self.bin / "sstp-gateway", "--name", "gw1", "--controlplane", link], netns)
        self.wait_for("the gateway listening", lambda: self.listens(gateway, self.port))
        return gateway

    def start_daemons(self, config, netns):
        """Both daemons; back when the gateway listens."""
        self.start_control_plane(config, netns)
        self.gateway = self.start_gateway(netns, self.link)

    def reload(self, changes=None):
        """New configuration as in config(), applied by the gateway when this returns."""
        self.config(changes)
        return self.sstpctl("reload")

    def sstpctl(self, *arguments):
        return self.run([self.bin / "sstpctl", "--socket", self.operator, *arguments])

    def sessions(self):
        """Rows of "sstpctl show sessions --json"."""
        return json.loads(self.sstpctl("show", "sessions", "--json"))

    def client(self, server, *arguments):
        """Command line of the test client with the stage's CA, user test/test."""
        return [self.bin / "sstp-test-client", "--server", server, "--user", "test", "--password", "test", "--ca",
                self.folder / "ca.pem", *arguments]


def main(body):
    """Runs a benchmark's `body`; a Failure becomes a message and exit code 1."""
    socket.setdefaulttimeout(10)
    try:
        sys.exit(body())
    except Failure as failure:
        print(f"\nFAILED: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
