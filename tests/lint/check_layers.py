#!/usr/bin/env python3
"""Includes follow the arrows of README.md, "Map of the folders": the folder is the layer.

check_layers.py             looks at every source below proto/, gateway/, controlplane/, ebpf/ and snmp/
check_layers.py --self-test proves with small examples that wrong includes are found and right ones are not
"""
import re
import sys

from sources import ROOT, own_sources

# Layer -> layers that it may include besides itself. A file belongs to the longest prefix that fits its path.
# "generated" is protobuf's and gRPC's code, ours (sstpgw/v1/) and their own headers.
GATEWAY_LAYERS = ("gateway/codec", "gateway/crypto", "gateway/fsm", "gateway/datapath", "gateway/edge")
PURE_CONTROL = ("controlplane/auth", "controlplane/radius", "controlplane/pool", "controlplane/shaper",
                "controlplane/session", "controlplane/session/session_key", "controlplane/accounting",
                "controlplane/store/change", "controlplane/radius/metric_names")
CONFIG = ("controlplane/config", "controlplane/config/control_config", "controlplane/config/radius_config")
MAY_INCLUDE = {
    "proto/base": (),
    "proto/contract": ("proto/base", "generated"),
    "gateway/codec": ("proto/base",),
    "gateway/crypto": ("proto/base",),
    "gateway/fsm": ("proto/base", "gateway/codec", "gateway/crypto"),
    "gateway/datapath": ("proto/base", "gateway/codec", "gateway/crypto", "ebpf"),
    "gateway/edge": ("proto/base", "gateway/crypto", "ebpf"),
    "gateway/edge/control_client": ("proto/base", "proto/contract", "generated", "gateway/edge",
                                    "gateway/edge/control_channel", "gateway/edge/control_link"),
    "gateway/edge/control_link": ("proto/base", "proto/contract", "generated", "gateway/edge/control_client"),
    "gateway/edge/control_channel": ("proto/base", "generated", "gateway/edge/control_client"),
    "gateway": ("proto/base", *GATEWAY_LAYERS, "gateway/edge/control_client", "ebpf"),
    # The settings of the control plane as plain values; how they are read stays in the rest of config.
    "controlplane/config/control_config": ("proto/base", "controlplane/shaper", "controlplane/config/radius_config"),
    "controlplane/config/radius_config": ("proto/base",),
    "controlplane/auth": ("proto/base", "controlplane/config/control_config", "controlplane/shaper"),
    # A session's change by RADIUS and its accounting records are told in the same values.
    "controlplane/radius": ("proto/base", "controlplane/config/control_config",
                            "controlplane/config/radius_config", "controlplane/auth",
                            "controlplane/session/session_key", "controlplane/accounting",
                            "controlplane/shaper"),
    "controlplane/pool": ("proto/base", "controlplane/config/control_config"),
    "controlplane/shaper": ("proto/base",),
    "controlplane/session": ("proto/base", "controlplane/config/control_config", "controlplane/auth",
                             "controlplane/pool", "controlplane/shaper", "controlplane/session/session_key"),
    # Names of sessions and changes of rows are values that several layers share.
    "controlplane/session/session_key": ("proto/base",),
    "controlplane/store/change": ("proto/base",),
    "controlplane/accounting": ("proto/base", "controlplane/session/session_key", "controlplane/store/change"),
    "controlplane/store": ("proto/base", "controlplane/store/change"),
    "controlplane/config": ("proto/base", "proto/contract", "generated", *CONFIG, "controlplane/shaper",
                            "controlplane/radius"),
    "controlplane/edge": ("proto/base",),
    "controlplane/rpc": ("proto/base", "proto/contract", "generated", *PURE_CONTROL, *CONFIG,
                         "controlplane/edge"),
    "controlplane/app": ("proto/base", "proto/contract", "generated", *PURE_CONTROL, *CONFIG,
                         "controlplane/edge", "controlplane/store", "controlplane/rpc"),
    # Names of metrics, for whoever prints them.
    "controlplane/radius/metric_names": (),
    "controlplane/cli": ("proto/base", "proto/contract", "generated", *CONFIG, "controlplane/radius/metric_names"),
    "controlplane": ("proto/base", "controlplane/app", *CONFIG, "controlplane/rpc",
                     "controlplane/edge"),
    "ebpf": (),
    "snmp": ("proto/base",),
}
PURE = ("proto/base", "gateway/codec", "gateway/crypto", "gateway/fsm", "gateway/datapath", *PURE_CONTROL)
# proto/base's one target that does I/O.
NOT_PURE = re.compile(r"^proto/base/log\.(h|cc)$")
# Headers whose mere inclusion says that a layer is not pure; what is called is judged by check_purity.py.
IMPURE_HEADER = re.compile(
    r"^(sys/(socket|epoll|ioctl|mman|select|stat|time|timerfd|eventfd|syscall|un|wait)\.h|unistd\.h|fcntl\.h|poll\.h|"
    r"pthread\.h|signal\.h|net/if\.h|thread|mutex|shared_mutex|condition_variable|future|random|fstream|iostream|"
    r"filesystem|openssl/(ssl|rand|bio)\.h)$")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def layer_of(path):
    """The layer of a path as written in an include or below the root, or None for what is not ours."""
    if re.match(r"^(sstpgw/v1/|google/protobuf/|grpc(pp|\+\+)?/)", path):
        return "generated"
    fitting = [layer for layer in MAY_INCLUDE if path == layer or path.startswith(layer + "/")
               or path.startswith(layer + ".")]
    if fitting:
        return max(fitting, key=len)
    return "tests" if path.startswith("tests/") else None


def complaints(path, text):
    """What is wrong with the includes of one file: a list of 'path:line: what'."""
    layer = layer_of(path)
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        included = match.group(1) or match.group(2)
        target = layer_of(included)
        if layer in PURE and not NOT_PURE.match(path) and IMPURE_HEADER.match(included):
            found.append(f"{path}:{number}: {layer} is pure and may not include <{included}>")
        if match.group(1) and target is None:
            found.append(f'{path}:{number}: "{included}" is not a path from the root of the repository')
        elif target not in (None, layer, *MAY_INCLUDE[layer]):
            found.append(f"{path}:{number}: {layer} may not include {target} ({included})")
    return found


def self_test():
    wrong = [
        ("gateway/codec/a.h", '#include "gateway/fsm/session.h"'),
        ("gateway/fsm/a.cc", '#include "gateway/edge/tun_device.h"'),
        ("gateway/edge/a.cc", '#include "gateway/codec/sstp_packet.h"'),
        ("gateway/edge/a.cc", '#include "sstpgw/v1/session.pb.h"'),
        ("gateway/worker.cc", '#include "proto/contract/convert.h"'),
        ("gateway/worker.cc", "#include <grpcpp/grpcpp.h>"),
        ("gateway/worker.cc", '#include "controlplane/app/app.h"'),
        ("controlplane/rpc/a.cc", '#include "gateway/crypto/mschap.h"'),
        ("controlplane/shaper/a.cc", '#include "controlplane/session/registry.h"'),
        ("controlplane/pool/a.cc", '#include "sstpgw/v1/config.pb.h"'),
        ("controlplane/session/a.cc", "#include <mutex>"),
        ("controlplane/accounting/a.cc", '#include "controlplane/store/sqlite_store.h"'),
        ("gateway/crypto/a.cc", "#include <openssl/rand.h>"),
        ("gateway/codec/a.cc", '#include "byte_reader.h"'),
        ("proto/base/a.h", '#include "tests/support/a.h"'),
        ("ebpf/a.c", '#include "proto/base/ip.h"'),
    ]
    right = [
        ("gateway/fsm/a.cc", '#include "gateway/codec/sstp_packet.h"'),
        ("gateway/edge/control_client.cc", '#include "proto/contract/convert.h"'),
        ("gateway/edge/control_client.h", "#include <grpcpp/grpcpp.h>"),
        ("gateway/worker.cc", '#include "gateway/edge/control_client.h"'),
        ("controlplane/rpc/a.cc", '#include "sstpgw/v1/session.grpc.pb.h"'),
        ("proto/base/log.cc", "#include <mutex>"),
        ("gateway/codec/a.cc", "#include <span>"),
    ]
    missed = [case for case in wrong if not complaints(*case)]
    blamed = [case for case in right if complaints(*case)]
    for case in missed:
        print("not found:", case)
    for case in blamed:
        print("wrongly found:", case, complaints(*case))
    print(f"{len(wrong)} wrong and {len(right)} right includes tried")
    return 1 if missed or blamed else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    found, looked_at = [], 0
    for path in own_sources():
        if path.parts[0] == "tests":
            continue  # tests may include anything
        looked_at += 1
        found += complaints(str(path), (ROOT / path).read_text())
    print("\n".join(found + [f"{looked_at} files looked at, {len(found)} wrong includes"]))
    return 1 if found or not looked_at else 0


if __name__ == "__main__":
    sys.exit(main())
