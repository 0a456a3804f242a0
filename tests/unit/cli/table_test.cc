#include "controlplane/cli/table.h"

namespace sstpgw::cli {
namespace {

TEST(RenderTable, ThePagesOwnTable) {
  EXPECT_EQ(RenderTable({"ifname", "username", "ip", "ip6", "ip6-dp", "calling-sid", "rate-limit",
                         "state", "uptime", "rx-bytes", "tx-bytes"},
                        {{"sstp0", "test", "10.0.0.2", "", "", "192.168.10.100", "", "active",
                          "00:15:46", "16.3 KiB", "210 B"}}),
            // clang-format off
" ifname | username |    ip    | ip6 | ip6-dp |   calling-sid  | rate-limit | state  |  uptime  | rx-bytes | tx-bytes\n"
"--------+----------+----------+-----+--------+----------------+------------+--------+----------+----------+----------\n"
" sstp0  | test     | 10.0.0.2 |     |        | 192.168.10.100 |            | active | 00:15:46 | 16.3 KiB | 210 B\n"
            // clang-format on
  );
}

TEST(RenderTable, WithoutRowsThereIsStillAHead) {
  EXPECT_EQ(RenderTable({"a", "bc"}, {}), " a | bc\n---+----\n");
}

TEST(RenderTable, WidthCountsCharactersNotOctets) {
  EXPECT_EQ(RenderTable({"n", "x"}, {{"\xc3\xa9\xc3\xa9", "1"}, {"ab", "2"}}),
            " n  | x\n----+---\n \xc3\xa9\xc3\xa9 | 1\n ab | 2\n");
}

}  // namespace
}  // namespace sstpgw::cli
