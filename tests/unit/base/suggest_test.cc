#include "proto/base/suggest.h"

#include <gtest/gtest.h>

namespace sstpgw {
namespace {

TEST(Nearest, CapitalsOfCandidatesDoNotCount) {
  EXPECT_EQ(Nearest("atribute", {"ATTRIBUTE", "VALUE"}), "ATTRIBUTE");
}

TEST(Nearest, FindsWhatWasMeant) {
  const std::vector<std::string> keys{"port", "mtu", "client-ip-pool", "client-ipv6-pool",
                                      "name-server"};
  EXPECT_EQ(Nearest("prot", keys), "port");
  EXPECT_EQ(Nearest("Port", keys), "port");
  EXPECT_EQ(Nearest("client_ip_pool", keys), "client-ip-pool");
  EXPECT_EQ(Nearest("client-ip-pol", keys), "client-ip-pool");
  EXPECT_EQ(Nearest("nameserver", keys), "name-server");
  EXPECT_EQ(Nearest("name-servers", keys), "name-server");
  EXPECT_EQ(Nearest("mut", keys), "mtu");
  EXPECT_EQ(Nearest("xyz", keys), "");
  EXPECT_EQ(Nearest("", keys), "");
  EXPECT_EQ(Nearest(std::string(100000, 'p'), keys), "");
}

}  // namespace
}  // namespace sstpgw
