"""Which runs the shaper's benchmark makes: a subset of kinds x directions x rates x loads x round-trip times."""
import dataclasses

NEAR, FAR = 0, 20  # ms of round-trip time


@dataclasses.dataclass(frozen=True)
class Case:
    direction: str
    kbit: int | None  # None: no limit
    load: str  # "tcp1", "tcp4", "udp"
    rtt: int
    count_bpf: bool = False  # with the kernel's statistics of BPF programs, which cost a little themselves
    kind: str = "none"


@dataclasses.dataclass(frozen=True)
class Profile:
    name: str
    text: str
    rates: tuple  # kbit/s
    every_kind: bool  # False: only what the gateway takes by itself
    loads: tuple  # (load, round-trip time, least rate in kbit/s)
    tcp_seconds: float
    udp_seconds: float
    warm_up: float
    bpf_rate: int
    fair_sessions: int
    fair_kbit: int
    unlimited: bool = True
    idle_pings: int = 10
    patience: int = 1  # times as long as on a fast machine

    def seconds(self, load):
        return self.udp_seconds if load == "udp" else self.tcp_seconds


def full():
    return Profile(
        "full", "not the whole product: TCP with 1 flow at 20 ms and (from 1 Mbit/s) at nearly none, with 4 flows at 20 ms "
        "(from 1 Mbit/s), UDP at nearly none; a kind from the client once", (256, 1000, 10000, 100000, 1000000), True,
        (("tcp1", NEAR, 1000), ("tcp1", FAR, 0), ("tcp4", FAR, 1000), ("udp", NEAR, 0)), 10, 5, 2, 100000, 50, 10000)


def quick():
    return Profile(
        "quick", "quick: only the kinds that the gateway takes by itself, TCP with 1 flow at 20 ms, UDP at nearly none",
        (10000, 100000), False, (("tcp1", FAR, 0), ("udp", NEAR, 0)), 2.5, 2, 1, 100000, 10, 10000, False, 5)


def guest(is_quick):
    """Emulated, so slow that only low rates say something of the limit: a gateway there takes half a microsecond and more
    per octet."""
    return Profile(
        "guest", "in the guest: rates that it can carry, short runs", (1000,) if is_quick else (256, 1000, 4000), True,
        (("tcp1", FAR, 0), ("udp", NEAR, 0)) + (() if is_quick else (("tcp4", FAR, 4000),)), 3 if is_quick else 5, 3, 2,
        1000, 0, 0, not is_quick, 5, 10)


def limited(profile, directions):
    """Of one dial, so that each rate is set once."""
    return [Case(direction, kbit, load, rtt, kbit == profile.bpf_rate) for kbit in profile.rates for direction in directions
            for load, rtt, least in profile.loads if kbit >= least]


def unlimited(profile):
    tcp = [(load, rtt) for load, rtt, _ in profile.loads if load != "udp"]
    return [Case(direction, None, load, rtt) for direction in ("down", "up") for load, rtt in tcp]


def named(cases, found):
    """With the kinds that were found in use, (down, up)."""
    kinds = dict(zip(("down", "up"), found))
    return [dataclasses.replace(case, kind=kinds[case.direction]) for case in cases]
