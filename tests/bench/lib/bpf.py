"""What the kernel knows of BPF programs: their names, how often each ran and how long (sysctl kernel.bpf_stats_enabled).

Asked of the kernel itself, so that no bpftool is needed: bpf(2) and struct bpf_prog_info of <linux/bpf.h>.
"""
import ctypes
import os
import pathlib
import platform
import re
import struct

LIBC = ctypes.CDLL(None, use_errno=True)
BPF_CALL = {"x86_64": 321, "aarch64": 280}.get(platform.machine())
PROG_GET_NEXT_ID, PROG_GET_FD_BY_ID, OBJ_GET_INFO_BY_FD = 11, 13, 15
INFO_SIZE, NAME_AT, RUN_TIME_AT = 232, 64, 192
SWITCH = pathlib.Path("/proc/sys/kernel/bpf_stats_enabled")


def bpf(command, attributes):
    """(result, attributes as the kernel left them); a negative result is an error."""
    memory = ctypes.create_string_buffer(attributes, 128)
    return LIBC.syscall(BPF_CALL, command, memory, 128), memory.raw


def info(number):
    """(name, run_time_ns, run_cnt) of the program with that id; None: it has gone."""
    fd, _ = bpf(PROG_GET_FD_BY_ID, struct.pack("=I", number))
    if fd < 0:
        return None
    try:
        room = ctypes.create_string_buffer(INFO_SIZE)
        result, _ = bpf(OBJ_GET_INFO_BY_FD, struct.pack("=IIQ", fd, INFO_SIZE, ctypes.addressof(room)))
        if result < 0:
            return None
        name = room.raw[NAME_AT:NAME_AT + 16].split(b"\0")[0].decode()
        return (name, *struct.unpack_from("=QQ", room.raw, RUN_TIME_AT))
    finally:
        os.close(fd)


def ids():
    """Of all programs of this machine."""
    number, found = 0, []
    while True:
        result, attributes = bpf(PROG_GET_NEXT_ID, struct.pack("=I", number))
        if result < 0:
            return found
        number = struct.unpack_from("=I", attributes, 4)[0]
        found.append(number)


def held_by(pid):
    """Ids of the programs that a process has descriptors of."""
    found = set()
    for file in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            match = re.search(r"^prog_id:\s*(\d+)$", file.read_text(), re.M)
        except OSError:
            continue
        if match:
            found.add(int(match[1]))
    return found


def programs(pid, prefix):
    """{name: (runs, nanoseconds)} of a process's programs: those it holds or, if it holds none (pinned objects), all whose
    names begin with `prefix`."""
    if BPF_CALL is None:
        return {}
    held, sums = held_by(pid), {}
    for number in held or ids():
        found = info(number)
        if found and (held or found[0].startswith(prefix)):
            runs, time = sums.get(found[0], (0, 0))
            sums[found[0]] = (runs + found[2], time + found[1])
    return sums


class Statistics:
    """The kernel measures runs of programs while this is open; the setting is put back afterwards."""

    def __enter__(self):
        self.before = SWITCH.read_text().strip()
        SWITCH.write_text("1")
        return self

    def __exit__(self, *_):
        SWITCH.write_text(self.before)
