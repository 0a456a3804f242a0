#include "tests/support/dialer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

namespace sstpgw::test {
namespace {

std::vector<std::string> TunArguments(Lab& lab, const std::string& server, const std::string& user,
                                      const std::string& password,
                                      const std::vector<std::string>& common,
                                      const std::vector<std::string>& arguments) {
  std::vector<std::string> argv{
      Program("sstp-test-client"), "--server", server, "--user", user, "--password", password};
  if (common.empty()) {
    argv.insert(argv.end(), {"--ca", lab.ca_file(), "--verify-name", Lab::kServer});
  }
  argv.insert(argv.end(), common.begin(), common.end());
  argv.insert(argv.end(), {"tun", "--commands"});
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

constexpr const char* kWitnessServer = "192.168.11.1";

}  // namespace

client::ClientOptions TestUser() {
  client::ClientOptions options;
  options.user = "test";
  options.password = "test";
  return options;
}

Bytes EchoRequestFrom(Ipv4Address source) {
  const auto octets = source.octets();
  Bytes packet = client::Concat({client::FromHex("4500 001c 0001 0000 4001 0000"),
                                 Bytes(octets.begin(), octets.end()),
                                 client::FromHex("0a000001 0800 f7fd 0001 0001")});
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 20; i += 2) sum += (std::uint32_t{packet[i]} << 8) | packet[i + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  packet[10] = static_cast<std::uint8_t>(~sum >> 8);
  packet[11] = static_cast<std::uint8_t>(~sum);
  return packet;
}

Dialer::Dialer(Namespace& where, const ServerAddress& server, client::ClientOptions options,
               const client::TlsOptions& tls)
    : options_(std::move(options)) {
  auto context = client::TlsClientContext::Make(tls);
  if (!context) {
    ADD_FAILURE() << context.error().message;
    std::abort();
  }
  context_.emplace(std::move(*context));
  std::optional<Result<int>> fd;
  where.Run([&] { fd = client::StartConnect(server.address, server.port); });
  if (!fd || !*fd) {
    ADD_FAILURE() << "connect: " << (fd ? fd->error().message : "no namespace");
    std::abort();
  }
  connection_.emplace(*context_, **fd, options_, entropy_);
}

bool Dialer::DialUntil(client::Phase phase, std::chrono::milliseconds timeout) {
  return client::DriveUntil(
      *connection_,
      [phase](client::Connection& connection) {
        return connection.session() != nullptr && connection.session()->phase() >= phase &&
               (phase == client::Phase::kClosed ||
                connection.session()->phase() < client::Phase::kClosing);
      },
      timeout);
}

bool Dialer::Drive(const std::function<bool(client::ClientSession&)>& fact,
                   std::chrono::milliseconds timeout) {
  return client::DriveUntil(
      *connection_,
      [&fact](client::Connection& connection) {
        return connection.session() != nullptr && fact(*connection.session());
      },
      timeout);
}

bool Dialer::DriveUntilFinished(std::chrono::milliseconds timeout) {
  client::DriveUntil(
      *connection_, [](client::Connection& connection) { return connection.finished(); }, timeout);
  return connection_->finished();
}

bool Dialer::DriveUntilPacket(const std::function<bool(const client::SstpPacket&)>& wanted,
                              std::size_t from, std::chrono::milliseconds timeout) {
  return Drive(
      [&](client::ClientSession& session) {
        for (; from < session.trace().size(); ++from) {
          const client::TraceEntry& entry = session.trace()[from];
          if (entry.from_server && wanted(entry.packet)) return true;
        }
        return false;
      },
      timeout);
}

void Dialer::Send(const Bytes& packet) {
  session().SendPacket(packet, client::Now());
  connection_->Run();
}

std::vector<client::PppControl> Dialer::ServerPackets(std::uint16_t protocol) {
  std::vector<client::PppControl> found;
  if (connection_->session() == nullptr) return found;
  for (const client::TraceEntry& entry : session().trace()) {
    const auto frame = entry.packet.frame();
    if (!entry.from_server || !frame || frame->protocol != protocol) continue;
    if (auto packet = client::ParsePppControl(frame->information)) found.push_back(*packet);
  }
  return found;
}

TunDial::TunDial(Lab& lab, Namespace& where, const std::string& user, const std::string& password,
                 std::vector<std::string> common, std::vector<std::string> arguments)
    : process_(TunArguments(lab, Lab::kServer, user, password, common, arguments),
               {&where, {}, "sstp-test-client", true}) {}

bool TunDial::WaitUp(std::chrono::milliseconds timeout) {
  return process_.WaitForLine("^(up|closed: .*)$", timeout).value_or("") == "up";
}

std::vector<std::string> TunDial::Facts(const std::string& name) const {
  std::vector<std::string> found;
  for (const std::string& line : process_.Matching("^" + name + ": ")) {
    found.push_back(line.substr(name.size() + 2));
  }
  return found;
}

std::optional<std::string> TunDial::WaitFact(const std::string& name, const std::string& pattern,
                                             std::size_t from, std::chrono::milliseconds timeout) {
  auto line = process_.WaitForLine("^" + name + ": .*" + pattern, timeout, from);
  if (line) line->erase(0, name.size() + 2);
  return line;
}

std::size_t TunDial::Command(const std::string& line) {
  const std::size_t before = process_.LineCount();
  EXPECT_TRUE(process_.WriteLine(line)) << line;
  return before;
}

std::string TunDial::Fact(const std::string& name) const {
  const std::vector<std::string> all = Facts(name);
  return all.empty() ? "" : all.front();
}

std::vector<double> RoundTrips(const Process& ping, std::size_t from) {
  std::vector<double> times;
  for (const std::string& line : ping.Matching("bytes from .*time=[0-9.]+ ms", from)) {
    times.push_back(std::strtod(line.c_str() + line.find("time=") + 5, nullptr));
  }
  std::sort(times.begin(), times.end());
  return times;
}

Witness::Witness(Lab& lab)
    : where_("witness"),
      cable_({lab.server(), "wan1", std::string(kWitnessServer) + "/24"},
             {where_, "wan0", "192.168.11.100/24"}),
      dial_(lab, (where_.Ip("route add 192.168.10.0/24 via 192.168.11.1"), where_), "witness",
            "witness") {
  up_ = dial_.WaitUp();
  if (!up_) {
    ADD_FAILURE() << "the witness is not served:\n" << dial_.process().Output() << lab.Logs();
    return;
  }
  ping_ = std::make_unique<Process>(
      std::vector<std::string>{"ping", "-n", "-i", "0.2", dial_.Fact("peer")},
      ProcessOptions{&where_, {}, "ping"});
}

bool Witness::StillServed() {
  if (!up_) return false;
  // Two replies from now on: the first may have been on its way already.
  std::size_t from = ping_->LineCount();
  for (int i = 0; i < 2; ++i) {
    if (!ping_->WaitForLine("bytes from", std::chrono::seconds(10), from)) return false;
    from = ping_->LineCount();
  }
  return true;
}

std::vector<double> Witness::RoundTripsSince(std::size_t mark) const {
  return up_ ? RoundTrips(*ping_, mark) : std::vector<double>{};
}

std::string Witness::Loss() {
  if (!up_) return "was never up";
  // Answers come in order: what is missing before one that was asked for just now is lost, what is
  // missing behind it may be on its way.
  if (!StillServed()) return "no answers any more";
  ping_->Kill();
  std::set<long> answered;
  for (const std::string& line : ping_->Matching("bytes from .*icmp_seq=[0-9]+")) {
    answered.insert(std::strtol(line.c_str() + line.find("icmp_seq=") + 9, nullptr, 10));
  }
  const long lost = *answered.rbegin() - static_cast<long>(answered.size());
  return lost == 0 ? "" : std::to_string(lost) + " of " + std::to_string(*answered.rbegin());
}

}  // namespace sstpgw::test
