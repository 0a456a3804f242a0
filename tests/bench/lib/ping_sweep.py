"""Pings every address of a list once, from the network namespace it is started in; a few dozen at one time.

    ping_sweep.py FILE          FILE: one IPv4 address per line
prints {"sent", "answered", "p50_ms", "p99_ms", "max_ms"}. Needs CAP_NET_RAW.
"""
import json
import os
import pathlib
import select
import socket
import struct
import sys
import time

WINDOW, PATIENCE_SECONDS = 32, 10
ECHO_REQUEST, ECHO_REPLY = 8, 0


def checksum(message):
    total = sum(struct.unpack(f"!{len(message) // 2}H", message))
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff


def request(identifier, number):
    """Identifier and sequence are ours and 16 bits; the payload holds the whole number."""
    head = struct.pack("!BBHHHI", ECHO_REQUEST, 0, 0, identifier, number & 0xffff, number)
    return head[:2] + struct.pack("!H", checksum(head)) + head[4:]


def percentile(samples, percent):
    return samples[min(len(samples) - 1, int(len(samples) * percent / 100))] * 1e3 if samples else 0


def sweep(addresses):
    ping = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    ping.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    ping.setblocking(False)
    identifier, under_way, times, following = os.getpid() & 0xffff, {}, [], 0
    heard = time.monotonic()
    while following < len(addresses) or under_way:
        while following < len(addresses) and len(under_way) < WINDOW:
            under_way[following] = time.monotonic()
            ping.sendto(request(identifier, following), (addresses[following], 0))
            following += 1
        if select.select([ping], [], [], 0.5)[0]:
            packet, source = ping.recvfrom(2048)
            icmp = packet[(packet[0] & 15) * 4:]
            if len(icmp) == 12 and icmp[0] == ECHO_REPLY and icmp[4:6] == struct.pack("!H", identifier):
                number = struct.unpack("!I", icmp[8:])[0]
                if number in under_way and addresses[number] == source[0]:
                    heard = time.monotonic()
                    times.append(heard - under_way.pop(number))
        elif time.monotonic() - heard > PATIENCE_SECONDS:
            heard = time.monotonic()
            under_way.clear()  # lost: the others get their turn
    times.sort()
    return {"sent": len(addresses), "answered": len(times), "p50_ms": percentile(times, 50),
            "p99_ms": percentile(times, 99), "max_ms": percentile(times, 100)}


if __name__ == "__main__":
    print(json.dumps(sweep(pathlib.Path(sys.argv[1]).read_text().split())))
