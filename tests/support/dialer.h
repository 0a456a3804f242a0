// Clients of a test: one driven step by step in the test's own thread, one that runs by itself and
// carries traffic, and a witness that shows that other users are unaffected.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/client/connection.h"
#include "tests/support/lab.h"

namespace sstpgw::test {

// A polite client of user test/test, before deviations.
[[nodiscard]] client::ClientOptions TestUser();

// An ICMP echo request to the gateway's inner address 10.0.0.1, which answers it.
[[nodiscard]] Bytes EchoRequestFrom(Ipv4Address source);

// Driven by the test: nothing happens outside of its calls.
class Dialer {
 public:
  Dialer(Namespace& where, const ServerAddress& server, client::ClientOptions options = TestUser(),
         const client::TlsOptions& tls = NotVerified());

  // Runs until the session reached `phase`; false when it ended before or took too long.
  bool DialUntil(client::Phase phase, std::chrono::milliseconds timeout = kPatience);
  bool Drive(const std::function<bool(client::ClientSession&)>& fact,
             std::chrono::milliseconds timeout = kPatience);
  // Runs until everything is over; false if it is not.
  bool DriveUntilFinished(std::chrono::milliseconds timeout = kPatience);
  // True once a packet that `wanted` accepts is in the trace at or after index `from`.
  bool DriveUntilPacket(const std::function<bool(const client::SstpPacket&)>& wanted,
                        std::size_t from = 0, std::chrono::milliseconds timeout = kPatience);
  // Sends one SSTP packet of the test's own.
  void Send(const Bytes& packet);

  [[nodiscard]] client::Connection& connection() { return *connection_; }
  // Must have got past TLS.
  [[nodiscard]] client::ClientSession& session() { return *connection_->session(); }
  [[nodiscard]] const client::Facts& facts() { return session().facts(); }
  [[nodiscard]] client::Failure failure() const { return connection_->failure(); }
  // PPP control packets of the server seen so far, in order.
  [[nodiscard]] std::vector<client::PppControl> ServerPackets(std::uint16_t protocol);

 private:
  client::ClientOptions options_;
  client::SystemEntropy entropy_;
  std::optional<client::TlsClientContext> context_;
  std::optional<client::Connection> connection_;
};

// sstp-test-client in TUN mode: a session with an interface that lives by itself.
class TunDial {
 public:
  // `arguments` come after "tun"; user and password before.
  TunDial(Lab& lab, Namespace& where, const std::string& user, const std::string& password,
          std::vector<std::string> common = {}, std::vector<std::string> arguments = {});

  // True once it printed "up".
  bool WaitUp(std::chrono::milliseconds timeout = kPatience);
  // "address", "peer", "mtu", "interface", "closed", ...; empty if it was not printed.
  [[nodiscard]] std::string Fact(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> Facts(const std::string& name) const;
  // The first "`name`: ..." printed at or after line `from` in which `pattern` is found, without
  // the name; nullopt if none came in time.
  std::optional<std::string> WaitFact(const std::string& name, const std::string& pattern = "",
                                      std::size_t from = 0,
                                      std::chrono::milliseconds timeout = kPatience);
  // A line to its standard input (see client/tun_mode.h); returns the count of lines before, for
  // WaitFact.
  std::size_t Command(const std::string& line);
  [[nodiscard]] Process& process() { return process_; }

 private:
  Process process_;
};

// Milliseconds in the output of a ping, after line `from`; sorted.
[[nodiscard]] std::vector<double> RoundTrips(const Process& ping, std::size_t from = 0);

// Another user on another cable, pinging through the tunnel all the time.
class Witness {
 public:
  explicit Witness(Lab& lab);
  // True if replies still arrive.
  bool StillServed();
  // A place in time, and the round trips of replies that came after it, in milliseconds, sorted.
  [[nodiscard]] std::size_t Mark() const { return up_ ? ping_->LineCount() : 0; }
  [[nodiscard]] std::vector<double> RoundTripsSince(std::size_t mark) const;
  // Ends the ping; "" if every request was answered, otherwise what is missing.
  std::string Loss();

 private:
  Namespace where_;
  Veth cable_;
  TunDial dial_;
  std::unique_ptr<Process> ping_;
  bool up_ = false;
};

}  // namespace sstpgw::test
