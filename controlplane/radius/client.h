// The RADIUS client: takes requests, decides which server is asked when and from which socket,
// believes only genuine answers, says how each request ended (features 6.1, 6.2). Pure: what
// happened comes in with the time, what is to be done goes out as actions; one thread.
//
// One request
//   It goes to the servers one after the other (server_pool.h), to each once. There it is sent
//   max_try times, `timeout` apart, under the same Identifier with the same authenticator; only an
//   Acct-Delay-Time that has changed makes it another packet (RFC 2866 5.2). For every server it is
//   made anew: authenticator, hidden password, Message-Authenticator.
//   At each server it stays max_try * timeout at most, waiting for room included, so it is over
//   after that times the number of servers, whatever happens.
//   An answer counts until the request is over, also that of a server it has left already: it is
//   genuine, answers the very question, and a slow yes is better than none. Later it only shows
//   that the server lives.
//
// One server (server_health.h), separately for authentication and accounting
//   Found dead, it is not asked for fail_time: what waits for room there goes on at once, what has
//   been sent goes on at its next timeout, in both cases only if there is another server. Then one
//   request tries it. Unless answered within kTrialPatience that request goes on to the next
//   server (with no other, it stays as usual) and the dead one is left alone again: one user per
//   fail_time waits half a second longer. With `status_server` not even that one: a Status-Server
//   of ours finds out. It is not the default because servers that do not know it are silent, and
//   would never be found alive.
//
// Sockets belong to one service of one server (identifier_pool.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "controlplane/radius/client_actions.h"
#include "controlplane/radius/client_settings.h"
#include "controlplane/radius/packet_text.h"
#include "controlplane/radius/server.h"
#include "controlplane/radius/server_pool.h"
#include "controlplane/radius/server_statistics.h"
#include "controlplane/radius/transaction.h"
#include "proto/base/entropy.h"
#include "proto/base/types.h"

namespace sstpgw::cp::radius {

class Client {
 public:
  static constexpr Duration kTrialPatience = std::chrono::milliseconds(500);

  // `entropy` must outlive this.
  explicit Client(Entropy& entropy) : entropy_(entropy) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Servers that stay the same keep health, counters and what is on its way. Requests at others go
  // on to the next server at once; their time does not begin anew.
  void Configure(ClientSettings settings, TimePoint now, ActionList& actions);
  // Whether packets are written to the log (level 4); needs ClientSettings::dictionary.
  void LogPackets(bool enabled) { log_packets_ = enabled; }

  // All of the following append to `actions`, which are to be carried out in their order.
  // The outcome may be among the actions already.
  RequestId Submit(ClientRequest request, TimePoint now, ActionList& actions);
  // Nobody wants to know any more. Ignored if it is over.
  void Cancel(RequestId request, TimePoint now, ActionList& actions);
  // Any octets. What is not a genuine answer is counted and changes nothing else.
  void DatagramArrived(SocketId socket, const IpEndpoint& from, ByteView datagram, TimePoint now,
                       ActionList& actions);
  // It could not be opened, and `why`. Requests on it go on to the next server.
  void SocketFailed(SocketId socket, std::string_view why, TimePoint now, ActionList& actions);
  // Sending failed, or the network says that it did not arrive. Shown to the operator; for requests
  // it is like silence, since anybody can send an ICMP message.
  void SocketTrouble(SocketId socket, std::string_view why);
  void Tick(TimePoint now, ActionList& actions);
  // When Tick is needed next; may be early.
  [[nodiscard]] std::optional<TimePoint> NextDeadline() const;

  [[nodiscard]] ClientView View(TimePoint now) const;
  [[nodiscard]] std::size_t open_requests() const { return transactions_.size(); }
  // Empty: what the parts know of each other agrees; else what does not. For tests.
  [[nodiscard]] std::string Inconsistency() const;

 private:
  struct Turn {
    TimePoint now;
    ActionList& actions;
  };
  struct Place {
    ServerId server;
    Service service = Service::kAuthentication;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Option {
    Server* server = nullptr;
    Candidate candidate;
  };

  // client.cc
  [[nodiscard]] ServerService& ServiceAt(Place place);
  [[nodiscard]] std::optional<TimePoint> NextProbe() const;
  void Depart(Place place, Turn turn);
  [[nodiscard]] std::vector<Place> Departing(
      const ClientSettings& fresh, const std::vector<std::optional<ServerId>>& kept) const;
  [[nodiscard]] std::vector<std::optional<ServerId>> Match(const ClientSettings& fresh) const;
  void KeepHouse(Turn turn);
  void Warn(ServerService& service, LogLevel level, std::string text, Turn turn);

  // client_sending.cc
  [[nodiscard]] std::vector<Option> Options(const Transaction& transaction, TimePoint now);
  [[nodiscard]] bool HasOther(const Transaction& transaction, TimePoint now);
  void Assign(Transaction& transaction, Turn turn);
  void Begin(Transaction& transaction, const Option& option, Turn turn);
  void Enqueue(Transaction& transaction);
  void Ask(Transaction& transaction, Turn turn);
  void Repeat(Transaction& transaction, Turn turn);
  void SendOnce(Transaction& transaction, Turn turn);
  void AddSocketTo(Place place, Turn turn);
  void Leave(Transaction& transaction);
  void MoveOn(Transaction& transaction, Turn turn);
  void Settle(Turn turn);
  void ServeFirst(ServerService& service, Turn turn);
  void TimerFired(Transaction& transaction, TimePoint due, Turn turn);
  void TrialOver(Transaction& transaction, Turn turn);
  void Unanswered(Place place, Turn turn);
  void SendProbes(Turn turn);
  void EndProbe(Transaction& transaction, Turn turn);
  void Close(Transaction& transaction, TimePoint now);
  void Finish(Transaction& transaction, std::variant<Answered, Failed> outcome, Turn turn);
  void Fail(Transaction& transaction, FailureReason reason, std::string text, Turn turn);
  [[nodiscard]] std::string AskedServers(const Transaction& transaction) const;

  // client_replies.cc
  struct Genuine {
    Packet packet;
    SlotUse* use = nullptr;
  };
  [[nodiscard]] std::variant<Genuine, BadReply> Judge(Place place, SocketId socket,
                                                      const IpEndpoint& from, ByteView datagram);
  void Drop(Place place, const IpEndpoint& from, BadReply reason, Turn turn);
  void TakeReply(Place place, Genuine genuine, Turn turn);
  void LogPacket(Direction direction, const Server& server, ByteView octets, Turn turn) const;
  [[nodiscard]] const VendorFormats& formats() const;

  Entropy& entropy_;
  ClientSettings settings_;  // but for servers
  Spread spread_ = Spread::kInOrder;
  std::vector<ServerId> order_;
  std::map<ServerId, Server> servers_;
  std::map<SocketId, Place> sockets_;
  Transactions transactions_;
  std::optional<TimePoint> house_at_;  // while there are sockets
  std::uint64_t last_request_ = 0;
  std::uint32_t last_socket_ = 0;
  std::uint32_t last_server_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t strays_ = 0;
  bool log_packets_ = false;
};

}  // namespace sstpgw::cp::radius
