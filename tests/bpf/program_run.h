// Runs one of the session programs on a packet, without an interface (BPF_PROG_TEST_RUN).
//
// The kernel takes what it is given for an Ethernet frame, looks at its octets 12 and 13 for a
// protocol, and shows the program all of it: an IP packet as it is serves well, since the programs
// look at nothing but its octets. It appears on the loopback interface of the namespace. At most
// a page.
#pragma once

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <cstdint>

#include "gateway/edge/session_programs.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

inline constexpr InterfaceIndex kLoopback{1};

struct PacketContext {
  std::uint32_t mark = 0;
  std::uint32_t gso_size = 0;
};

struct RunOutcome {
  bool passed = false;
  std::uint64_t departure_ns = 0;  // its time of departure; 0: none
  std::uint32_t priority = 0;
  std::uint32_t nanoseconds = 0;  // of a run
};

inline RunOutcome RunOnce(const SessionPrograms& programs, ProgramSide side, ByteView packet,
                          const PacketContext& context = {}, int repeat = 1) {
  constexpr std::uint32_t kNext = ~0U;  // TC_ACT_UNSPEC
  constexpr std::uint32_t kShot = 2;
  __sk_buff in{};
  in.mark = context.mark;
  in.gso_size = context.gso_size;
  __sk_buff out{};
  bpf_test_run_opts options{};
  options.sz = sizeof(options);
  options.data_in = packet.data();
  options.data_size_in = static_cast<std::uint32_t>(packet.size());
  options.ctx_in = &in;
  options.ctx_size_in = sizeof(in);
  options.ctx_out = &out;
  options.ctx_size_out = sizeof(out);
  options.repeat = repeat;
  const int error = bpf_prog_test_run_opts(programs.fd(side), &options);
  EXPECT_EQ(error, 0);
  EXPECT_TRUE(options.retval == kNext || options.retval == kShot) << options.retval;
  return {error == 0 && options.retval == kNext, out.tstamp, out.priority, options.duration};
}

}  // namespace sstpgw::edge
