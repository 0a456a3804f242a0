#!/usr/bin/env python3
"""Sends random octets both ways through one TCP connection at one time and compares SHA-256 sums.

pump.py serve ADDRESS PORT          answers one dialer after the other
pump.py dial ADDRESS PORT OCTETS    that many each way; prints a line, exit code 0 if the sums are equal

On the connection: the number of octets (8, network order), the octets, then the server's sums of what it received and of
what it sent.
"""
import hashlib
import os
import socket
import struct
import sys
import threading
import time

CHUNK = 1 << 20


def send(connection, octets, digest):
    """Random octets that never repeat: each chunk begins with its number."""
    block = os.urandom(CHUNK)
    for number in range((octets + CHUNK - 1) // CHUNK):
        chunk = (struct.pack(">Q", number) + block[8:])[:octets - number * CHUNK]
        digest.update(chunk)
        connection.sendall(chunk)


def receive(connection, octets, digest):
    while octets > 0:
        piece = connection.recv(min(octets, CHUNK))
        if not piece:
            raise ConnectionError(f"the connection ended {octets} octets too early")
        digest.update(piece)
        octets -= len(piece)


def exchange(connection, octets):
    sent, received = hashlib.sha256(), hashlib.sha256()
    sender = threading.Thread(target=send, args=(connection, octets, sent))
    sender.start()
    receive(connection, octets, received)
    sender.join()
    return sent.digest(), received.digest()


def exactly(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise ConnectionError("the connection ended too early")
        data += piece
    return data


def serve(address, port):
    with socket.create_server((address, port)) as listener:
        print("listening", flush=True)
        while True:
            connection, _ = listener.accept()
            with connection:
                octets, = struct.unpack(">Q", exactly(connection, 8))
                sent, received = exchange(connection, octets)
                connection.sendall(received + sent)


def dial(address, port, octets):
    start = time.monotonic()
    with socket.create_connection((address, port)) as connection:
        connection.sendall(struct.pack(">Q", octets))
        sent, received = exchange(connection, octets)
        theirs = exactly(connection, 64)
    equal = theirs == sent + received
    print(f"{octets} octets each way in {time.monotonic() - start:.1f} s: "
          f"{'equal' if equal else 'DIFFERENT'} up {sent.hex()} down {received.hex()}", flush=True)
    return 0 if equal else 1


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], int(sys.argv[3]))
    sys.exit(dial(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
