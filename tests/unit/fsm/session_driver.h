// Plays worker, client and control plane around one fsm::Session under fake time: carries out its
// actions, keeps what they did, fires its timers in order. After every Step it checks
// IsConsistent() and that nothing follows CloseTransport.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/codec/eap.h"
#include "gateway/codec/ppp_control.h"
#include "gateway/codec/ppp_frame.h"
#include "gateway/codec/sstp_control.h"
#include "gateway/fsm/session.h"

namespace sstpgw::fsm {

// First what was scripted, then 1, 2, 3, ...
class ScriptedEntropy final : public Entropy {
 public:
  void Script(std::vector<std::uint8_t> octets) {
    script_.insert(script_.end(), octets.begin(), octets.end());
  }
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& octet : out) {
      if (script_.empty()) {
        octet = ++count_;
      } else {
        octet = script_.front();
        script_.pop_front();
      }
    }
  }

 private:
  std::deque<std::uint8_t> script_;
  std::uint8_t count_ = 0;
};

// The settings of the reference trace: PAP, no DNS or WINS.
[[nodiscard]] SessionSettings TraceSettings();
// Same, with this protocol alone.
[[nodiscard]] SessionSettings SettingsWith(AuthProtocol protocol);
// 10.0.0.5 with gateway 10.0.0.1, HLAK of zeros.
[[nodiscard]] AuthorizeAccept TraceAccept();
[[nodiscard]] AuthorizeReject TraceReject();

// Packets of a client.
[[nodiscard]] Bytes Octets(std::initializer_list<int> octets);
[[nodiscard]] Bytes Join(std::initializer_list<Bytes> parts);
[[nodiscard]] Bytes Option(int type, const Bytes& value);
[[nodiscard]] Bytes AddressOption(int type, const std::string& address);
[[nodiscard]] Bytes ControlPacketOf(codec::PppCode code, int identifier, const Bytes& data = {});

struct PppPacket {
  codec::PppProtocol protocol{};
  int code = 0;
  int identifier = 0;
  Bytes data;
};

class SessionDriver {
 public:
  explicit SessionDriver(SessionSettings settings = TraceSettings());

  ScriptedEntropy& entropy() { return entropy_; }  // script before Start
  void Start();
  void Feed(const Event& event);
  // Lets time pass; timers fire in the order of their deadlines.
  void Advance(Duration by);

  // ---- The client
  void Http(const std::string& head);
  void Http();  // as in the trace
  void Sstp(const Bytes& packet) { Feed(SstpPacketReceived{packet}); }
  void Ppp(codec::PppProtocol protocol, const Bytes& packet);
  void Lcp(codec::PppCode code, int identifier, const Bytes& data = {});
  void Ipcp(codec::PppCode code, int identifier, const Bytes& data = {});
  // A made-up Response to the last challenge, of the protocol that comes first in the settings.
  void RespondToChap(const std::string& user);
  // A Response to the last EAP Request.
  void Eap(codec::EapType type, const Bytes& data);
  void Pap(const std::string& user, const std::string& password, int identifier = 3);
  // Signed with `hlak` over the nonce of the last CALL_CONNECT_ACK.
  [[nodiscard]] Bytes CallConnected(std::uint8_t hash = 2, const Bytes& hlak = Bytes(32));

  // ---- Short cuts through a session's life, each including all before it
  void RunToCall();            // CALL_CONNECT_ACK received
  void RunToAuthentication();  // LCP open
  void RunToJudging();         // evidence given; answers challenges with made-up responses
  void RunToNetwork();         // accepted, interface there, success packet sent
  void RunToBound();           // CALL_CONNECTED checked
  void RunToActive();
  void Judge(AuthorizeVerdict verdict);
  void AckTheirLcpRequest();  // the last Configure-Request that LCP sent
  void AckTheirIpcpRequest();
  // Of that request.
  [[nodiscard]] int LastLcpIdentifier() const { return last_lcp_request_.at(1); }

  // ---- What came out; Take... also forgets it
  std::vector<std::string> TakeLog();
  std::vector<Bytes> TakeSent();
  std::vector<PppPacket> TakePpp();  // out of what was sent
  std::vector<Report> TakeReports();
  [[nodiscard]] bool Logged(const std::string& text) const;  // as part of a line since TakeLog
  // The loudest level of the lines since TakeLog that hold `text`; kOff: there is none.
  [[nodiscard]] LogLevel LevelOf(const std::string& text) const;
  [[nodiscard]] int Count(Counter counter) const;
  [[nodiscard]] bool TimerRuns(TimerId timer) const { return timers_.contains(timer); }
  [[nodiscard]] Duration TimerLeft(TimerId timer) const { return timers_.at(timer) - now_; }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] TimePoint now() const { return now_; }
  [[nodiscard]] Session& session() { return *session_; }
  SessionRecord Snapshot() { return session_->Snapshot(now_); }

  std::optional<AuthorizeQuestion> question;
  int interfaces_created = 0;
  int interfaces_released = 0;
  std::optional<ActivateInterface> activation;
  std::vector<ChangeLink> links;  // after the activation
  std::vector<Bytes> ipv6_sent;
  std::optional<StartMppe> mppe;  // in force
  int mppe_flushes = 0;
  std::vector<std::uint16_t> mtus_set;  // after the activation
  bool answer_interfaces = true;        // InterfaceCreated and InterfaceActivated follow at once
  bool hear_peer = true;                // Feed of a packet moves `last_receive`
  TimePoint last_receive{};
  std::uint64_t data_packets = 0;
  SessionSettings settings;

 private:
  void Carry(ActionList actions);
  void CarryOne(Action& action);

  ScriptedEntropy entropy_;
  std::unique_ptr<Session> session_;
  TimePoint now_{};
  std::map<TimerId, TimePoint> timers_;
  std::string prefix_ = ":: ";
  std::vector<std::string> log_;
  std::vector<LogLevel> log_levels_;
  std::vector<Bytes> sent_;
  std::vector<Report> reports_;
  std::map<Counter, int> counters_;
  std::deque<Event> events_;
  Bytes last_lcp_request_, last_ipcp_request_;  // whole control packets
  std::array<std::uint8_t, 32> nonce_{};
  Bytes challenge_;
  int challenge_identifier_ = 0;  // also of EAP's Request
  bool closed_ = false;
};

inline constexpr char kTraceHead[] =
    "SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n"
    "SSTPCORRELATIONID: {48B82435-099A-4158-A987-052E7570CFAA}\r\n"
    "Content-Length: 18446744073709551615\r\n"
    "Host: vyos.io\r\n\r\n";

}  // namespace sstpgw::fsm
