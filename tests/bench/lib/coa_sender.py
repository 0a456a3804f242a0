"""CoA-Requests (RFC 5176) as fast as they are acknowledged, so many of them in progress; run in a namespace:

    coa_sender.py FILE ADDRESS PORT SECRET SECONDS IN_PROGRESS

FILE has an Acct-Session-Id per line. Each in turn gets another Filter-Id than before. Unlike radclient this one knows
how long each took, and its requests need not be in a list that it walks through for every packet. Prints one JSON
object. A request without an answer is sent again each second; five times in vain, or a CoA-NAK, end it.
"""
import hashlib
import itertools
import json
import select
import socket
import struct
import sys
import time

COA_REQUEST, COA_ACK = 43, 44
FILTER_ID, ACCT_SESSION_ID = 11, 44
AGAIN, TRIES = 1.0, 5


def attribute(kind, text):
    return bytes((kind, 2 + len(text))) + text.encode()


def request(number, secret, sid, rate):
    attributes = attribute(ACCT_SESSION_ID, sid) + attribute(FILTER_ID, str(rate))
    head = struct.pack("!BBH", COA_REQUEST, number, 20 + len(attributes))
    return head + hashlib.md5(head + bytes(16) + attributes + secret).digest() + attributes


def genuine(answer, asked, secret):
    return answer[4:20] == hashlib.md5(answer[:4] + asked[4:20] + answer[20:] + secret).digest()


class Waiting:
    """A request in progress."""

    def __init__(self, packet):
        self.packet, self.first, self.tries = packet, time.monotonic(), 1
        self.sent = self.first


def send_all(link, secret, changes, seconds, in_progress):
    """(sorted times until the acknowledgement, times a request was sent again, seconds)."""
    times, again, waiting, numbers = [], 0, {}, list(range(256))
    begin = time.monotonic()
    end = begin + seconds
    while True:
        now = time.monotonic()
        while now < end and len(waiting) < in_progress:
            number = numbers.pop(0)
            one = Waiting(request(number, secret, *next(changes)))
            waiting[number] = one
            link.send(one.packet)
        if not waiting:
            return sorted(times), again, time.monotonic() - begin
        if not select.select([link], [], [], AGAIN / 4)[0]:
            for one in waiting.values():
                if time.monotonic() < one.sent + AGAIN:
                    continue
                if one.tries == TRIES:
                    sys.exit(f"no answer to a CoA-Request after {TRIES} tries")
                one.sent, one.tries, again = time.monotonic(), one.tries + 1, again + 1
                link.send(one.packet)
            continue
        try:
            while True:
                answer = link.recv(4096)
                one = waiting.get(answer[1])
                if one is None or not genuine(answer, one.packet, secret):
                    continue
                if answer[0] != COA_ACK:
                    sys.exit(f"not acknowledged: {answer.hex()}")
                times.append(time.monotonic() - one.first)
                del waiting[answer[1]]
                numbers.append(answer[1])
        except BlockingIOError:
            pass


def body():
    file, address, port, secret, seconds, in_progress = sys.argv[1:]
    with open(file, encoding="ascii") as lines:
        ids = lines.read().split()
    changes = ((sid, 1000 + turn % 100_000) for turn in itertools.count() for sid in ids)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.connect((address, int(port)))
        link.setblocking(False)
        times, again, took = send_all(link, secret.encode(), changes, float(seconds), int(in_progress))
    rank = lambda percent: 1000 * times[min(len(times) - 1, len(times) * percent // 100)]
    print(json.dumps({"acknowledged": len(times), "rate": len(times) / took, "p50_ms": rank(50), "p99_ms": rank(99),
                      "sent_again": again}))


if __name__ == "__main__":
    body()
