#include "gateway/edge/interface_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include "tests/unit/edge/fake_kernel.h"

namespace sstpgw::edge {
namespace {

using ::testing::ElementsAre;
using Write = InterfaceMap::Write;

constexpr int kFd = 77;
constexpr InterfaceIndex kIndex{5};

// The map's keys and values are read where the call says they are, while it is under way.
class SmallMap final {
 public:
  SmallMap() {
    kernel.on_bpf = [this](int command, bpf_attr& attributes) {
      return Answer(command, attributes);
    };
  }
  FakeKernel kernel;
  std::vector<std::uint32_t> keys;
  int error = 0;  // of the next key but the first

  struct Call {
    int command;
    std::uint32_t fd;
    std::uint32_t key;
    std::uint64_t flags;
    friend bool operator==(const Call&, const Call&) = default;
  };
  std::vector<Call> calls;

 private:
  template <class T>
  static T& At(std::uint64_t address) {
    return *reinterpret_cast<T*>(address);
  }
  KernelResult<int> Answer(int command, bpf_attr& attributes) {
    if (command == BPF_MAP_GET_NEXT_KEY) return NextKey(attributes);
    calls.push_back(
        {command, attributes.map_fd, At<std::uint32_t>(attributes.key), attributes.flags});
    if (command == BPF_MAP_LOOKUP_ELEM) At<std::uint8_t>(attributes.value) = 42;
    if (error != 0) return Fail(Errno(error));
    return 0;
  }
  KernelResult<int> NextKey(bpf_attr& attributes) {
    auto next = keys.begin();
    if (attributes.key != 0) {
      if (error != 0) return Fail(Errno(error));
      next = std::find(keys.begin(), keys.end(), At<std::uint32_t>(attributes.key)) + 1;
    }
    if (next == keys.end()) return Fail(Errno(ENOENT));
    At<std::uint32_t>(attributes.next_key) = *next;
    return 0;
  }
};

TEST(InterfaceMap, EachOperationIsOneCommand) {
  SmallMap small;
  const InterfaceMap map(small.kernel, kFd);
  Bytes value{1};
  EXPECT_TRUE(map.Set(kIndex, value, Write::kAny).has_value());
  EXPECT_TRUE(map.Set(kIndex, value, Write::kCreate).has_value());
  EXPECT_TRUE(map.Set(kIndex, value, Write::kReplace).has_value());
  EXPECT_TRUE(map.Erase(kIndex).has_value());
  EXPECT_TRUE(map.ReadLocked(kIndex, value).has_value());
  EXPECT_EQ(value[0], 42);
  EXPECT_THAT(small.calls, ElementsAre(SmallMap::Call{BPF_MAP_UPDATE_ELEM, kFd, 5, BPF_ANY},
                                       SmallMap::Call{BPF_MAP_UPDATE_ELEM, kFd, 5, BPF_NOEXIST},
                                       SmallMap::Call{BPF_MAP_UPDATE_ELEM, kFd, 5, BPF_EXIST},
                                       SmallMap::Call{BPF_MAP_DELETE_ELEM, kFd, 5, 0},
                                       SmallMap::Call{BPF_MAP_LOOKUP_ELEM, kFd, 5, BPF_F_LOCK}));
}

TEST(InterfaceMap, TellsWhatTheKernelSays) {
  SmallMap small;
  small.error = E2BIG;
  const InterfaceMap map(small.kernel, kFd);
  Bytes value{1};
  EXPECT_EQ(map.Set(kIndex, value, Write::kAny).error(), Errno(E2BIG));
  EXPECT_EQ(map.Erase(kIndex).error(), Errno(E2BIG));
  EXPECT_EQ(map.ReadLocked(kIndex, value).error(), Errno(E2BIG));
}

TEST(InterfaceMap, ListsItsKeys) {
  SmallMap small;
  const InterfaceMap map(small.kernel, kFd);
  EXPECT_TRUE(map.Keys().value().empty());
  small.keys = {3, 9, 4};
  EXPECT_THAT(map.Keys().value(),
              ElementsAre(InterfaceIndex(3), InterfaceIndex(9), InterfaceIndex(4)));
  small.error = EPERM;
  EXPECT_EQ(map.Keys().error(), Errno(EPERM));
}

}  // namespace
}  // namespace sstpgw::edge
