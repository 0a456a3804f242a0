"""A FreeRADIUS of the stage's own, and radclient, which comes with it.

It knows everybody by the password "test" (PAP, CHAP, MS-CHAP), writes accounting to a detail file, and acknowledges
every CoA-Request, so that radclient can be measured against it alone. Nothing is logged per request.
"""
import collections
import re
import time

from .stage import Failure

PROGRAM = "/usr/sbin/freeradius"
SECRET = "testing"
AUTH_PORT, ACCT_PORT, COA_PORT = 1812, 1813, 3799

MAIN = """
prefix = /usr
libdir = /usr/lib/freeradius
name = freeradius
logdir = {folder}
raddbdir = {folder}
radacctdir = {folder}
run_dir = {folder}
max_requests = 262144
max_request_time = 30
cleanup_delay = 2
hostname_lookups = no
log {{
  destination = stdout
  auth = no
}}
security {{
  max_attributes = 200
  reject_delay = 0
  status_server = yes
}}
thread pool {{
  start_servers = 4
  max_servers = 4
  min_spare_servers = 1
  max_spare_servers = 4
  max_queue_size = 65536
  max_requests_per_server = 0
}}
client everybody {{
  ipaddr = 0.0.0.0/0
  secret = "{secret}"
}}
modules {{
  pap {{
  }}
  chap {{
  }}
  mschap {{
    use_mppe = yes
  }}
  files {{
    filename = {folder}/users
  }}
  detail {{
    filename = {folder}/detail
  }}
  always ok {{
    rcode = ok
  }}
}}
server default {{
  listen {{
    type = auth
    ipaddr = {address}
    port = {auth}
  }}
  listen {{
    type = acct
    ipaddr = {address}
    port = {acct}
  }}
  listen {{
    type = coa
    ipaddr = {address}
    port = {coa}
  }}
  authorize {{
    update reply {{
      Message-Authenticator := 0x00
    }}
    chap
    mschap
    files
    pap
  }}
  authenticate {{
    Auth-Type PAP {{
      pap
    }}
    Auth-Type CHAP {{
      chap
    }}
    Auth-Type MS-CHAP {{
      mschap
    }}
  }}
  accounting {{
    detail
  }}
  recv-coa {{
    ok
  }}
}}
"""


class FreeRadius:
    def __init__(self, stage, netns, address):
        self.stage, self.netns, self.address = stage, netns, address
        self.folder = stage.folder / "radiusd"
        self.process = None

    def start(self):
        self.folder.mkdir(exist_ok=True)
        (self.folder / "radiusd.conf").write_text(MAIN.format(
            folder=self.folder, secret=SECRET, address=self.address, auth=AUTH_PORT, acct=ACCT_PORT, coa=COA_PORT))
        (self.folder / "users").write_text('DEFAULT Cleartext-Password := "test"\n')
        (self.folder / "dictionary").write_text("")
        self.process = self.stage.start("radiusd", [PROGRAM, "-f", "-l", "stdout", "-d", self.folder], self.netns)
        self.stage.wait_for("FreeRADIUS", lambda: "Ready to process requests" in self.process.output())

    def stop(self):
        self.stage.stop(self.process)
        (self.folder / "detail").unlink(missing_ok=True)

    def records(self):
        """The detail file so far: one {"Acct-Status-Type", "Acct-Session-Id", "Timestamp", ...} each; Timestamp is the
        second in which the request came."""
        file = self.folder / "detail"
        found, record = [], {}
        for line in file.read_text().splitlines() if file.exists() else []:
            if not line:
                if record:
                    found.append(record)
                record = {}
            elif line[0] == "\t":
                name, _, value = line.strip().partition(" = ")
                record[name] = value.strip('"')
        return found

    def arrivals(self, status, first, seconds):
        """How many records with this Acct-Status-Type came in each of so many seconds from `first` on (Unix time)."""
        count = collections.Counter(int(record["Timestamp"]) for record in self.records()
                                    if record["Acct-Status-Type"] == status)
        return [count[second] for second in range(first, first + seconds)]


class RadClient:
    """Requests from a file, so many of them at one time."""

    def __init__(self, stage, netns):
        self.stage, self.netns = stage, netns

    def requests(self, name, packets):
        """A file of requests, each a {attribute: text}."""
        file = self.stage.folder / f"{name}.requests"
        file.write_text("\n".join("".join(f"{attribute} = {value}\n" for attribute, value in packet.items())
                                  for packet in packets))
        return file

    def run(self, file, times, parallel, kind, target):
        """Every request of the file so many times; (all, seconds). All must be accepted. kind: auth, coa."""
        begin = time.monotonic()
        output = self.stage.run(["radclient", "-s", "-q", "-r", 5, "-t", 3, "-c", times, "-p", parallel, "-f", file, target,
                                 kind, SECRET], self.netns, 120, check=False)
        seconds = time.monotonic() - begin
        figures = {name.strip(): int(value) for name, value in re.findall(r"^\s*([A-Za-z ]+?)\s*:\s*(\d+)$", output, re.M)}
        if not figures.get("Accepted") or any(figures.get(name) for name in ("Rejected", "Lost", "Failed filter")):
            raise Failure(f"radclient {kind} {target}: {output}")
        return figures["Accepted"], seconds
