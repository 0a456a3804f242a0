"""Who limits a session: the product, told by sstpctl as an operator tells it; or, to see what the measurement itself is
worth, qdiscs of the kernel that are put on both ends of a session's interface by hand, whose behaviour is known.

A *kind* limits one direction: htb, clsact, edt, pace to the client; police, pace from the client. The product keeps tbf
by htb.
"""
import json
import re

DOWN_KINDS, UP_KINDS = ("htb", "clsact", "edt", "pace"), ("police", "pace")
PAIRS = (("htb", "police"), ("clsact", "police"), ("edt", "pace"), ("pace", "pace"))
# What a kind needs of the kernel: qdisc and its arguments. Those that are not named need nothing but TUN.
QDISCS = {"tbf": ("tbf", "rate", "1mbit", "burst", "10k", "latency", "50ms"), "htb": ("htb",), "edt": ("fq",),
          "clsact": ("clsact",), "police": ("clsact",)}


def kernel_has(stage, netns, *qdisc):
    """Whether a qdisc can be made on the loopback interface of `netns`, which has none."""
    parent = "clsact" if qdisc[0] == "clsact" else "root"
    words = [parent] if parent == "clsact" else [parent, *qdisc]
    stage.run(["tc", "qdisc", "add", "dev", "lo", *words], netns, check=False)
    there = f"qdisc {qdisc[0]} " in stage.run(["tc", "qdisc", "show", "dev", "lo"], netns)
    if there:
        stage.run(["tc", "qdisc", "del", "dev", "lo", parent], netns)
    return there


def flat(row, prefix=""):
    """{"down_limiter": ..., "down_dropped_packets": ...} of a nested or flat row of "show shaper --json"."""
    found = {}
    for key, value in row.items():
        name = (prefix + key.replace("-", "_")).removesuffix("counters").rstrip("_")
        found |= flat(value, f"{name}_" if name else "") if isinstance(value, dict) else {name: value}
    return found


class Product:
    """Limits by sstpctl."""
    name = "the product"
    default = ("auto", "auto")

    def __init__(self, stage, server):
        self.stage, self.server = stage, server

    def pairs(self, scratch):
        """(pairs of kinds that this kernel has, what of the others is missing)."""
        has = {kind: kernel_has(self.stage, scratch, *qdisc) for kind, qdisc in QDISCS.items()}
        kinds = lambda pair: [kind for kind in pair if not has.get(kind, True)]
        return ([pair for pair in PAIRS if not kinds(pair)],
                {kind: QDISCS[kind][0] for pair in PAIRS for kind in kinds(pair)})

    @staticmethod
    def settings(pair, kbit=None):
        """What of the configuration makes the pair limit user "test"; pair None: no limit; "auto": what the gateway
        takes by itself."""
        if pair is None:
            return {}
        down, up = pair
        return {"shaper": {"down-limiter": down, "up-limiter": up, "required": True},
                "authentication": {"local-users": {"test": {"rate-limit": {"download": kbit, "upload": kbit}}}}}

    @staticmethod
    def many(users, kbit):
        """What of the configuration limits each of `users` {name: settings} in both directions."""
        limit = {"rate-limit": {"download": kbit, "upload": kbit}}
        return {"shaper": {"required": True},
                "authentication": {"local-users": {name: user | limit for name, user in users.items()}}}

    def limit_each(self, ends, kbit):
        """Sessions of many(), `ends`: [(gateway's interface, client's interface)], have their limits by now: checked."""
        rate = f"{kbit}/{kbit}"
        limited = {row["ifname"] for row in self.stage.sessions() if row.get("rate-limit") == rate}
        if missing := {interface for interface, _ in ends} - limited:
            raise self.stage.failure(f"not limited to {rate}: {', '.join(sorted(missing))}")

    def row(self, interface):
        """Of "show shaper --json"."""
        shown = json.loads(self.stage.sstpctl("show", "shaper", "--json"))
        rows = shown if isinstance(shown, list) else next((v for v in shown.values() if isinstance(v, list)), [])
        for row in map(flat, rows):
            if interface in (row.get("ifname"), row.get("interface")):
                if {"down_limiter", "up_limiter"} - row.keys():
                    raise self.stage.failure(f"'show shaper --json' does not tell the limiters of {interface}: {row}")
                return row
        raise self.stage.failure(f"'show shaper --json' does not tell of {interface}: {shown}")

    def in_use(self, interface, pair):
        """The kinds that limit a session; a Failure if others were asked for. htb does what tbf is asked to."""
        row = self.row(interface)
        found = row["down_limiter"], row["up_limiter"]
        wanted = {tuple(pair), ("htb" if pair[0] == "tbf" else pair[0], pair[1])}
        if pair != ("auto", "auto") and found not in wanted:
            raise self.stage.failure(f"{interface} is limited by {found}, asked for were {pair}")
        return found

    def change(self, interface, kbit, pair):
        """Both directions, as `pair` limits them; back when the session is known to have it."""
        rate = f"{kbit}/{kbit}"
        self.stage.sstpctl("shaper", "change", interface, rate)
        self.stage.wait_for(f"{interface} being limited to {rate}", lambda: any(
            session["ifname"] == interface and session.get("rate-limit") == rate for session in self.stage.sessions()))
        self.in_use(interface, pair)

    def refresh(self, interface, nudge):
        """Counters are reported now and then: back when those of `interface` are of now. `nudge` sends a packet through it,
        and nothing else does."""
        packets = lambda: {key: value for key, value in self.row(interface).items() if key.endswith("_packets")}
        before = packets()
        nudge()
        self.stage.wait_for("new counters of the limiter", lambda: packets() != before)

    def dropped(self, interface, direction):
        """Packets so far that the limit, or what makes senders slow down, dropped, as the product counts."""
        return int(self.row(interface).get(f"{direction}_dropped_packets", 0))


class ByHand:
    """sch_tbf or sch_htb on the session's interface and on the client's end of it. They count whole IP packets."""
    name = "qdiscs set by hand"
    default = ("tbf", "tbf")

    def __init__(self, stage, server, client):
        self.stage = stage
        self.server, self.client = server, client

    def pairs(self, scratch):
        has = [kind for kind in ("tbf", "htb") if kernel_has(self.stage, scratch, *QDISCS[kind])]
        return [(kind, kind) for kind in has], {kind: kind for kind in ("tbf", "htb") if kind not in has}

    @staticmethod
    def settings(_pair, _kbit=None):
        return {}

    @staticmethod
    def in_use(_interface, pair):
        return pair

    @staticmethod
    def many(users, _kbit):
        return {"authentication": {"local-users": users}}

    def limit_each(self, ends, kbit):
        for interface, own in ends:
            self.change(interface, kbit, self.default, own)

    def change(self, interface, kbit, pair, own="sstpc0"):
        burst, queue = max(3000, int(kbit * 1.25)), max(6000, int(kbit * 6.25))  # octets: 10 and 50 ms
        for netns, name, kind in ((self.server, interface, pair[0]), (self.client, own, pair[1])):
            tc = lambda *words, ns=netns, dev=name: self.stage.run(["tc", *words[:2], "dev", dev, *words[2:]], ns)
            if kind == "tbf":
                tc("qdisc", "replace", "root", "handle", "1:", "tbf", "rate", f"{kbit}kbit", "burst", max(burst, 66000),
                   "limit", queue + max(burst, 66000))
            else:
                if "qdisc htb" not in tc("qdisc", "show"):
                    tc("qdisc", "add", "root", "handle", "1:", "htb", "default", "1")
                tc("class", "replace", "parent", "1:", "classid", "1:1", "htb", "rate", f"{kbit}kbit", "burst", burst,
                   "cburst", burst, "quantum", 60000)
                tc("qdisc", "replace", "parent", "1:1", "bfifo", "limit", max(queue, 66000))

    @staticmethod
    def refresh(_interface, _nudge):
        """Qdiscs count at once."""

    @staticmethod
    def dropped(_interface, _direction):
        """Only the qdiscs drop."""
        return 0


def root_drops(stage, netns, interface):
    """Packets that the root qdisc of an interface has dropped so far; a super-packet is one."""
    text = stage.run(["tc", "-s", "qdisc", "show", "dev", interface, "root"], netns, check=False)
    return int(match[1]) if (match := re.search(r"\(dropped (\d+),", text)) else 0


def interface_drops(stage, netns, interface):
    """Packets that the kernel could not put in the interface's queue so far, or not take from it; a
    super-packet is one."""
    links = json.loads(stage.run(["ip", "-s", "-j", "link", "show", "dev", interface], netns))
    return links[0]["stats64"]["tx"]["dropped"] + links[0]["stats64"]["rx"]["dropped"]
