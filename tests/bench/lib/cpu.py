"""CPU time and memory of a process, as the kernel counts them."""
import pathlib
import time


def cpu_seconds(pid):
    """User and system time of all threads, ended ones too, by the process's CPU clock: nanoseconds rather than the
    ticks of /proc/PID/stat, the same sum. Softirq work counts for whoever it interrupted, as it does there."""
    cpuclock_sched = 2
    return time.clock_gettime((~pid << 3) | cpuclock_sched)


def user_system_seconds(pid):
    """(user, system) in ticks of 10 ms, from /proc/PID/stat."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) / 100, int(fields[12]) / 100


def wakeups(pid):
    """How often its threads went to sleep so far."""
    return sum(int(line.split()[1]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
               for line in (task / "status").read_text().splitlines() if line.startswith("voluntary_ctxt_switches"))


def memory_kib(pid):
    """{"Rss", "Pss", "Private_Dirty", "Anonymous", ...} from /proc/PID/smaps_rollup."""
    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {line.split(":")[0]: int(line.split()[1]) for line in lines if line.endswith(" kB")}


def machine_memory_kib():
    """/proc/meminfo: {"MemAvailable", "Slab", ...}."""
    lines = pathlib.Path("/proc/meminfo").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) for line in lines}
