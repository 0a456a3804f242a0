// Loading, pinning, taking over, and the limits of the maps.
#include "gateway/edge/session_programs.h"

#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "tests/bpf/limited_tun.h"
#include "tests/bpf/program_run.h"
#include "tests/support/temp_dir.h"

namespace sstpgw::edge {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr InterfaceIndex kNobody{4711};

// In namespaces of its own for interfaces and mounts; `folder` is a bpffs.
bool WithBpffs(const std::function<void(const std::string& folder)>& body) {
  const test::TempDir place;
  bool mounted = false;
  const bool ran = InNewNetworkNamespace([&] {
    mounted = ::unshare(CLONE_NEWNS) == 0 &&
              ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
              ::mount("bpf", place.path().c_str(), "bpf", 0, nullptr) == 0;
    if (mounted) body(place.path());
  });
  return ran && mounted;
}

// A gateway that dies: its pins stay.
void RunAndCrash(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(body() ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
}

// Leaves a policy of the loopback with one packet counted, and one of no interface.
bool LeaveTwoPolicies(const SessionPrograms::Options& options) {
  auto programs = SessionPrograms::Load(LinuxKernel(), options);
  const bool done = programs && programs->SetPolicy(kLoopback, Unlimited()) &&
                    programs->SetPolicy(kNobody, Unlimited()) &&
                    RunOnce(*programs, ProgramSide::kFromClient, Bytes(100, 0x45)).passed;
  new SessionPrograms(std::move(*programs));  // its end does not come
  return done;
}

std::uint32_t RoomOf(const std::string& pin) {
  const UniqueFd fd(::bpf_obj_get(pin.c_str()));
  bpf_map_info info{};
  __u32 size = sizeof(info);
  return ::bpf_obj_get_info_by_fd(fd.get(), &info, &size) == 0 ? info.max_entries : 0;
}

TEST(SessionPrograms, ShowsMapsAndProgramsInBpffsUntilItEnds) {
  const bool ran = WithBpffs([](const std::string& bpffs) {
    const std::string folder = bpffs + "/sstp-gateway/one";
    {
      const SessionPrograms programs = Must(SessionPrograms::Load(LinuxKernel(), {64, folder}));
      EXPECT_EQ(programs.pin_folder(), folder);
      for (const char* map : {SG_MAP_POLICIES, SG_MAP_DOWNS, SG_MAP_UPS}) {
        EXPECT_EQ(RoomOf(folder + "/" + map), 64U) << map;
      }
      for (const char* program : {"sg_from_client", "sg_to_client"}) {
        EXPECT_TRUE(std::filesystem::exists(folder + "/" + program)) << program;
      }
      const SessionPrograms second = Must(SessionPrograms::Load(LinuxKernel(), {64, folder}));
      EXPECT_THAT(second.pin_folder(), IsEmpty()) << "the folder is the first one's";
      EXPECT_TRUE(second.SetPolicy(kLoopback, Unlimited()).has_value());
    }
    EXPECT_FALSE(std::filesystem::exists(folder));
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

TEST(SessionPrograms, TakesOverWhatACrashedOneHasLeft) {
  const bool ran = WithBpffs([](const std::string& bpffs) {
    const SessionPrograms::Options options{64, bpffs + "/one"};
    RunAndCrash([&] { return LeaveTwoPolicies(options); });
    ASSERT_EQ(RoomOf(options.pin_folder + "/" + SG_MAP_UPS), 64U);
    const SessionPrograms programs = Must(SessionPrograms::Load(LinuxKernel(), options));
    const auto up = programs.ReadUp(kLoopback);
    REQUIRE_OK(up);
    EXPECT_EQ(up->counters.passed_packets, 1U);
    EXPECT_EQ(programs.ReadUp(kNobody).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(programs.ReadDown(kNobody).error().code, ErrorCode::kNotFound);
    // The programs are new ones, on the old maps.
    EXPECT_TRUE(RunOnce(programs, ProgramSide::kFromClient, Bytes(100, 0x45)).passed);
    EXPECT_EQ(Must(programs.ReadUp(kLoopback)).counters.passed_packets, 2U);
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

// As a run sees it whose policy's memory has become another interface's.
TEST(SessionPrograms, WhatAnotherInterfacesPolicySaysLetsNothingPass) {
  const bool ran = WithBpffs([](const std::string& bpffs) {
    const SessionPrograms::Options options{64, bpffs + "/one"};
    const SessionPrograms programs = Must(SessionPrograms::Load(LinuxKernel(), options));
    sg_policy policy = Unlimited();
    policy.ifindex = 4711;
    REQUIRE_OK(programs.SetPolicy(kLoopback, policy));
    const UniqueFd map(::bpf_obj_get((options.pin_folder + "/" + SG_MAP_POLICIES).c_str()));
    const auto key = static_cast<std::uint32_t>(kLoopback.value());
    for (const std::uint32_t mark : {0U, 7U}) {
      policy.bypass_mark = mark;
      for (const auto side : {ProgramSide::kFromClient, ProgramSide::kToClient}) {
        policy.ifindex = key;
        ASSERT_EQ(::bpf_map_update_elem(map.get(), &key, &policy, BPF_EXIST), 0);
        EXPECT_TRUE(RunOnce(programs, side, Bytes(100, 0x45), {.mark = mark}).passed) << mark;
        policy.ifindex = key + 1;
        ASSERT_EQ(::bpf_map_update_elem(map.get(), &key, &policy, BPF_EXIST), 0);
        EXPECT_FALSE(RunOnce(programs, side, Bytes(100, 0x45), {.mark = mark}).passed) << mark;
      }
    }
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

TEST(SessionPrograms, ReplacesMapsOfAnotherForm) {
  const bool ran = WithBpffs([](const std::string& bpffs) {
    const std::string folder = bpffs + "/one";
    RunAndCrash([&] { return LeaveTwoPolicies({64, folder}); });
    const SessionPrograms programs = Must(SessionPrograms::Load(LinuxKernel(), {128, folder}));
    EXPECT_EQ(programs.pin_folder(), folder);
    EXPECT_EQ(programs.ReadUp(kLoopback).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(RoomOf(folder + "/" + SG_MAP_UPS), 128U);
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

TEST(SessionPrograms, MapsBelongTogetherAndOneMissingReplacesAll) {
  const bool ran = WithBpffs([](const std::string& bpffs) {
    const SessionPrograms::Options options{64, bpffs + "/one"};
    RunAndCrash([&] { return LeaveTwoPolicies(options); });
    std::filesystem::remove(options.pin_folder + "/" + SG_MAP_DOWNS);
    const SessionPrograms programs = Must(SessionPrograms::Load(LinuxKernel(), options));
    EXPECT_EQ(programs.ReadUp(kLoopback).error().code, ErrorCode::kNotFound);
    REQUIRE_OK(programs.SetPolicy(kLoopback, Unlimited()));
    EXPECT_TRUE(RunOnce(programs, ProgramSide::kToClient, Bytes(100, 0x45)).passed);
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

TEST(SessionPrograms, WorksWithoutBpffs) {
  const test::TempDir place;
  const bool ran = InNewNetworkNamespace([&] {
    const SessionPrograms programs =
        Must(SessionPrograms::Load(LinuxKernel(), {64, place.path() + "/one"}));
    EXPECT_THAT(programs.pin_folder(), IsEmpty());
    REQUIRE_OK(programs.SetPolicy(kLoopback, Unlimited()));
    EXPECT_TRUE(RunOnce(programs, ProgramSide::kToClient, Bytes(100, 0x45)).passed);
    const auto refused = BpfPins::Take(place.path() + "/one");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(refused.error().message, HasSubstr("is not on a bpffs"));
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

TEST(SessionPrograms, WorksWhereSomebodyElsesFolderHasAPinsName) {
  const bool ran = WithBpffs([](const std::string& bpffs) {
    const std::string folder = bpffs + "/one";
    std::filesystem::create_directories(folder + "/" + SG_MAP_UPS);
    const SessionPrograms programs = Must(SessionPrograms::Load(LinuxKernel(), {64, folder}));
    EXPECT_THAT(programs.pin_folder(), IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(folder + "/" + SG_MAP_POLICIES)) << "all pins or none";
    EXPECT_TRUE(std::filesystem::exists(folder + "/" + SG_MAP_UPS));
    REQUIRE_OK(programs.SetPolicy(kLoopback, Unlimited()));
    EXPECT_TRUE(RunOnce(programs, ProgramSide::kToClient, Bytes(100, 0x45)).passed);
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

TEST(SessionPrograms, AFullMapIsToldAndLeavesNothingBehind) {
  const bool ran = InNewNetworkNamespace([] {
    const SessionPrograms programs = Must(SessionPrograms::Load(LinuxKernel(), {2, ""}));
    for (const int index : {1, 2}) {
      REQUIRE_OK(programs.SetPolicy(InterfaceIndex(index), Unlimited()));
    }
    const auto third = programs.SetPolicy(InterfaceIndex(3), Unlimited());
    ASSERT_FALSE(third.has_value());
    EXPECT_EQ(third.error().code, ErrorCode::kResourceExhausted);
    EXPECT_THAT(third.error().message, HasSubstr("#3: the map is full"));
    REQUIRE_OK(programs.SetPolicy(InterfaceIndex(2), Unlimited()));
    REQUIRE_OK(programs.Remove(InterfaceIndex(2)));
    REQUIRE_OK(programs.SetPolicy(InterfaceIndex(3), Unlimited()));
    REQUIRE_OK(programs.Remove(kNobody));
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

TEST(BpfObject, ARefusalComesWithTheVerifiersLastWords) {
  std::ifstream file(SG_REFUSED_OBJECT, std::ios::binary);
  const Bytes elf{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  auto object = BpfObject::Open(elf, "refused");
  REQUIRE_OK(object);
  const auto loaded = object->Load();
  ASSERT_FALSE(loaded.has_value());
  if (::geteuid() != 0) GTEST_SKIP() << "needs root (CAP_BPF) to be judged";
  EXPECT_THAT(loaded.error().message, HasSubstr("loading the BPF object refused"));
  EXPECT_THAT(loaded.error().message, HasSubstr("invalid mem access 'map_value_or_null'"));
  EXPECT_THAT(loaded.error().message, Not(HasSubstr("\n")));
}

TEST(BpfObject, WhatIsNoObjectIsRefused) {
  const auto object = BpfObject::Open(Bytes(100, 'x'), "nonsense");
  ASSERT_FALSE(object.has_value());
  EXPECT_THAT(object.error().message, HasSubstr("nonsense"));
}

}  // namespace
}  // namespace sstpgw::edge
