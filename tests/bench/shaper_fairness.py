"""Many sessions with a limit and one without, all loaded at one time with a TCP flow each: the shaper's benchmark, part two.

  client                                   server                lan
  sstpc0 ... sstpcN, one process each ──── sstp0 ... sstpN ───── lan0 10.20.0.2

Each session's interface has its own address, and what is sent from it goes through it. The limited ones should get their
rate, within 5 percent, and the other one what is left: told next to what it gets while the others are silent.
"""
import re

from lib.flows import Load
from lib.stage import merged, say


def settings(bench, profile):
    users = {f"u{i}": {"password": "test"} for i in range(profile.fair_sessions)}
    return merged(bench.limits.many(users, profile.fair_kbit), {
        "authentication": {"local-users": {"free": {"password": "test"}}}})


def dial(bench, user, number, server):
    """Starts a client; its process."""
    on = bench.stage
    return on.start(f"client-{user}", [
        on.bin / "sstp-test-client", "--server", server, "--user", user, "--password", "test", "--ca", on.folder / "ca.pem",
        "tun", "--ifname", f"sstpc{number}"], bench.client)


def address_of(bench, process, number):
    """The session's address once it is up; what is sent from it takes the session's interface."""
    on = bench.stage
    on.wait_for(f"{process.name} being up", lambda: "\nup\n" in process.output(), 60)
    address = re.search(r"^address: (\S+)$", process.output(), re.M)[1]
    on.run(["ip", "route", "add", "default", "dev", f"sstpc{number}", "table", 1000 + number], bench.client)
    on.run(["ip", "rule", "add", "from", address, "lookup", 1000 + number], bench.client)
    return address


def measure(bench, profile, host, server):
    """[{"direction", "kbit", "rates": of the limited sessions, "free", "alone": of the other one, "total", all bit/s}]"""
    on, count = bench.stage, profile.fair_sessions
    say(f"Fairness: {count} sessions with {profile.fair_kbit / 1000:g} Mbit/s each and one without a limit")
    on.reload(settings(bench, profile))
    users = ["free"] + [f"u{i}" for i in range(count)]
    clients = [dial(bench, user, number, server) for number, user in enumerate(users)]
    addresses = [address_of(bench, process, number) for number, process in enumerate(clients)]
    on.wait_for("all sessions being active", lambda: sum(
        row["state"] == "active" for row in on.sessions()) == len(clients), 60)
    interfaces = {row["username"]: row["ifname"] for row in on.sessions()}
    bench.limits.limit_each([(interfaces[user], f"sstpc{number}") for number, user in enumerate(users) if user != "free"],
                            profile.fair_kbit)
    results = []
    for direction in ("down", "up"):
        rates = {}
        for name, bind in (("alone", addresses[:1]), ("all", addresses)):
            report, *_ = bench.runner.run(Load(flows=len(bind), bind=tuple(bind)), host, direction, profile.warm_up,
                                          profile.seconds("tcp1"))
            rates[name] = [octets * 8 / report["seconds"] for octets in report["octets"]]
        results.append({"direction": direction, "kbit": profile.fair_kbit, "rates": rates["all"][1:], "free": rates["all"][0],
                        "alone": rates["alone"][0], "total": sum(rates["all"])})
    for process in clients:
        on.stop(process)
    on.wait_for("the sessions' ends", lambda: not on.sessions(), 60)
    return results
