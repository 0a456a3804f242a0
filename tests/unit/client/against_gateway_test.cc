// The client machine and the gateway's session machine, joined in memory under fake time: two
// implementations written apart from each other must come to an agreement.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "gateway/fsm/session.h"
#include "tests/client/client_crypto.h"
#include "tests/client/client_session.h"

namespace sstpgw::client {
namespace {

using ::testing::HasSubstr;

class CountingEntropy final : public Entropy {
 public:
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& octet : out) octet = static_cast<std::uint8_t>(++next_ * 37);
  }

 private:
  std::uint32_t next_ = 0;
};

// What a RADIUS server does for EAP: one method, MD5 or MSCHAPv2. `password` must be right.
class EapServer {
 public:
  EapServer(EapMethod method, std::string password)
      : method_(method), password_(std::move(password)) {}

  AuthorizeVerdict Judge(const EapEvidence& evidence, const SessionPolicy& policy) {
    const ByteView packet = evidence.message.Reveal();
    const Bytes data(packet.begin() + 4, packet.end());
    EXPECT_EQ(evidence.state, state_) << "the state of the round before";
    if (!state_.empty()) {
      EXPECT_EQ(packet[1], identifier_);
    }
    identifier_ = static_cast<std::uint8_t>(packet[1] + 1);
    state_ = Bytes{++round_};
    if (data[0] == 1) {  // the identity
      user_.assign(data.begin() + 1, data.end());
      EXPECT_EQ(user_, evidence.user);
      // A method that the client does not have first: it answers with Nak.
      return Ask(Bytes{25, 0x20});
    }
    if (data[0] == 3) {
      return Ask(method_ == EapMethod::kMd5 ? Concat({Bytes{4, 16}, challenge_, ToBytes("server")})
                                            : Concat({Bytes{26, 1, identifier_, 0, 27, 16},
                                                      challenge_, ToBytes("server")}));
    }
    return data[0] == 4 ? JudgeMd5(packet[1], data, policy) : JudgeMsChapV2(data, policy);
  }

 private:
  AuthorizeVerdict Ask(const Bytes& data) {
    const auto size = static_cast<std::uint8_t>(data.size() + 4);
    return AuthorizeChallenge{Concat({Bytes{1, identifier_, 0, size}, data}), state_, {}};
  }
  AuthorizeVerdict Accept(const Hlak& hlak, const SessionPolicy& policy) const {
    return AuthorizeAccept{policy, Secret(ByteView(hlak)), "", {3, identifier_, 0, 4}};
  }
  AuthorizeVerdict JudgeMd5(std::uint8_t id, const Bytes& data, const SessionPolicy& policy) const {
    const Bytes wanted = ChapMd5Response(id, password_, challenge_);
    if (data.size() < 18 || !std::equal(wanted.begin(), wanted.end(), data.begin() + 2)) {
      return AuthorizeReject{};
    }
    return Accept({}, policy);
  }
  AuthorizeVerdict JudgeMsChapV2(const Bytes& data, const SessionPolicy& policy) {
    if (data.size() == 2) {  // the client has seen how the first answer was judged
      if (data[1] == 3) return Accept(hlak_, policy);
      return AuthorizeReject{};
    }
    EXPECT_EQ(data[1], 2);
    EXPECT_EQ((data[3] << 8) | data[4], static_cast<int>(data.size()) - 1) << "all but the type";
    const Bytes peer(data.begin() + 6, data.begin() + 22);
    NtResponse response{};
    std::copy_n(data.begin() + 30, response.size(), response.begin());
    if (response != MsChapV2Response(user_, password_, challenge_, peer)) {
      return Ask(Concat({Bytes{26, 4, data[2], 0, 13}, ToBytes("E=691 R=0")}));
    }
    hlak_ = HlakMsChapV2(password_, response);
    const std::string proof =
        MsChapV2Authenticator(user_, password_, response, challenge_, peer) + " M=welcome";
    return Ask(Concat(
        {Bytes{26, 3, data[2], 0, static_cast<std::uint8_t>(4 + proof.size())}, ToBytes(proof)}));
  }

  EapMethod method_;
  std::string password_;
  std::string user_;
  Bytes challenge_ = Bytes(16, 0x5a);
  Bytes state_;
  std::uint8_t round_ = 0;
  std::uint8_t identifier_ = 0;
  Hlak hlak_{};
};

// The gateway's side: splits the stream, answers Authorize, keeps what happened.
class GatewaySide {
 public:
  GatewaySide(const fsm::SessionSettings& settings, Bytes certificate, Entropy& entropy,
              TimePoint now)
      : session_(settings, Info(certificate), "0123456789abcdef", entropy, 1709139784, now) {
    Carry(session_.Start(), now);
  }

  void Receive(const Bytes& bytes, TimePoint now) {
    if (!http_done_) {
      head_.append(bytes.begin(), bytes.end());
      const std::size_t end = head_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      http_done_ = true;
      const Bytes head(head_.begin(), head_.begin() + static_cast<std::ptrdiff_t>(end) + 4);
      Step(fsm::HttpHeadReceived{head}, now);
      splitter_.Append(Bytes(head_.begin() + static_cast<std::ptrdiff_t>(end) + 4, head_.end()));
    } else {
      splitter_.Append(bytes);
    }
    while (auto packet = splitter_.Next()) Step(fsm::SstpPacketReceived{packet->raw}, now);
  }

  void Step(const fsm::Event& event, TimePoint now) {
    Carry(session_.Step(now, event), now);
    EXPECT_TRUE(session_.IsConsistent());
  }

  std::string password_ = "test";
  std::optional<EapServer> eap_;
  SessionPolicy policy_;
  Bytes output_;
  std::vector<std::string> log_;
  bool closed_ = false;
  std::optional<fsm::ActivateInterface> activated_;

 private:
  static fsm::ConnectionInfo Info(const Bytes& certificate) {
    fsm::ConnectionInfo info;
    info.peer = "192.168.10.100:49852";
    info.calling_station = "192.168.10.100";
    const Bytes sha1 = CertificateHash(BindingHash::kSha1, certificate);
    const Bytes sha256 = CertificateHash(BindingHash::kSha256, certificate);
    std::copy(sha1.begin(), sha1.end(), info.certificate.sha1.begin());
    std::copy(sha256.begin(), sha256.end(), info.certificate.sha256.begin());
    return info;
  }

  void Carry(fsm::ActionList actions, TimePoint now) {
    for (fsm::Action& action : actions) {
      if (auto* send = std::get_if<fsm::SendBytes>(&action)) {
        output_.insert(output_.end(), send->bytes.begin(), send->bytes.end());
      } else if (auto* ask = std::get_if<fsm::AskAuthorize>(&action)) {
        Step(fsm::AuthorizeAnswered{ask->question.attempt, Judge(ask->question)}, now);
      } else if (std::holds_alternative<fsm::CreateInterface>(action)) {
        Step(fsm::InterfaceCreated{"ppp0", "sstp0"}, now);
      } else if (auto* activate = std::get_if<fsm::ActivateInterface>(&action)) {
        activated_ = *activate;
        Step(fsm::InterfaceActivated{"sstp0"}, now);
      } else if (auto* line = std::get_if<fsm::WriteLog>(&action)) {
        log_.push_back(line->text);
      } else if (std::holds_alternative<fsm::CloseTransport>(action)) {
        closed_ = true;
      }
    }
  }

  AuthorizeVerdict Judge(const AuthorizeQuestion& question) {
    if (const auto* eap = std::get_if<EapEvidence>(&question.evidence)) {
      return eap_->Judge(*eap, policy_);
    }
    AuthorizeAccept accept;
    accept.policy = policy_;
    Hlak hlak{};
    accept.success_message = "Authentication succeeded";
    bool right = false;
    if (const auto* pap = std::get_if<PapEvidence>(&question.evidence)) {
      right = pap->password.RevealText() == password_;
    } else if (const auto* md5 = std::get_if<ChapMd5Evidence>(&question.evidence)) {
      const Bytes wanted = ChapMd5Response(md5->identifier, password_, md5->challenge);
      right = std::equal(wanted.begin(), wanted.end(), md5->response.begin(), md5->response.end());
    } else if (const auto* v1 = std::get_if<MsChapV1Evidence>(&question.evidence)) {
      right = v1->nt_response == MsChapV1Response(password_, v1->challenge);
      hlak = HlakMsChapV1(password_, v1->challenge);
    } else if (const auto* v2 = std::get_if<MsChapV2Evidence>(&question.evidence)) {
      right = v2->nt_response ==
              MsChapV2Response(v2->user, password_, v2->challenge, v2->peer_challenge);
      hlak = HlakMsChapV2(password_, v2->nt_response);
      accept.success_message = MsChapV2Authenticator(v2->user, password_, v2->nt_response,
                                                     v2->challenge, v2->peer_challenge) +
                               " M=Authentication succeeded";
    }
    if (!right) return AuthorizeReject{};
    accept.hlak = Secret(ByteView(hlak));
    return accept;
  }

  fsm::Session session_;
  SstpSplitter splitter_;
  std::string head_;
  bool http_done_ = false;
};

class AgainstGateway : public ::testing::Test {
 protected:
  AgainstGateway() {
    options_.user = options_.password = "test";
    settings_.ppp.gateway_address = Ipv4Address(0x0a000001);
    settings_.ppp.auth_protocols = {AuthProtocol::kPap, AuthProtocol::kChapMd5,
                                    AuthProtocol::kMsChapV1, AuthProtocol::kMsChapV2};
    policy_.address = Ipv4Address(0x0a000005);
    policy_.gateway_address = settings_.ppp.gateway_address;
  }

  // Lets both talk until they have nothing more to say.
  void Talk() {
    if (!client_) {
      client_.emplace(options_, certificate_, client_entropy_, now_);
      gateway_.emplace(settings_, certificate_, gateway_entropy_, now_);
      gateway_->policy_ = policy_;
      gateway_->eap_.emplace(options_.eap, "test");
    }
    for (int i = 0; i < 100; ++i) {
      const Bytes up = client_->TakeOutput();
      const Bytes down = std::exchange(gateway_->output_, {});
      if (up.empty() && down.empty()) return;
      if (!up.empty() && !gateway_->closed_) gateway_->Receive(up, now_);
      if (!down.empty()) client_->Receive(down, now_);
    }
    ADD_FAILURE() << "they never fall silent";
  }

  std::string GatewayLog() const {
    std::string text;
    for (const std::string& line : gateway_->log_) text += line + "\n";
    return text;
  }

  ClientOptions options_;
  fsm::SessionSettings settings_;
  SessionPolicy policy_;
  Bytes certificate_ = ToBytes("DER of a certificate");
  CountingEntropy client_entropy_;
  CountingEntropy gateway_entropy_;
  TimePoint now_{};
  std::optional<ClientSession> client_;
  std::optional<GatewaySide> gateway_;
};

class EveryAuth : public AgainstGateway,
                  public ::testing::WithParamInterface<std::tuple<AuthProtocol, BindingHash>> {};

TEST_P(EveryAuth, ComesUp) {
  options_.auth = {std::get<0>(GetParam())};
  options_.hash = std::get<1>(GetParam());
  Talk();
  ASSERT_EQ(client_->phase(), Phase::kUp) << client_->failure().detail << "\n" << GatewayLog();
  ASSERT_TRUE(gateway_->activated_);
  EXPECT_EQ(gateway_->activated_->plan.ipv4->peer.ToString(), "10.0.0.5");
  EXPECT_EQ(client_->facts().address.ToString(), "10.0.0.5");
  EXPECT_EQ(client_->facts().gateway.ToString(), "10.0.0.1");
  EXPECT_EQ(client_->facts().mtu, 1452);
  client_->Disconnect(now_);
  Talk();
  EXPECT_EQ(client_->failure().kind, FailureKind::kNone);
}

INSTANTIATE_TEST_SUITE_P(
    Client, EveryAuth,
    ::testing::Combine(::testing::Values(AuthProtocol::kPap, AuthProtocol::kChapMd5,
                                         AuthProtocol::kMsChapV1, AuthProtocol::kMsChapV2),
                       ::testing::Values(BindingHash::kSha1, BindingHash::kSha256)));

class EveryEapMethod : public AgainstGateway, public ::testing::WithParamInterface<EapMethod> {
 protected:
  EveryEapMethod() {
    settings_.ppp.auth_protocols = {AuthProtocol::kEap};
    options_.auth = {AuthProtocol::kEap};
    options_.eap = GetParam();
  }
};

TEST_P(EveryEapMethod, ComesUpWithTheKeysOfTheMethod) {
  Talk();
  ASSERT_EQ(client_->phase(), Phase::kUp) << client_->failure().detail << "\n" << GatewayLog();
  EXPECT_TRUE(gateway_->activated_);
  EXPECT_THAT(GatewayLog(), HasSubstr("<Nak>"));
}

TEST_P(EveryEapMethod, ComesUpWithAnEarlyBinding) {
  options_.binding = BindingTime::kBeforeTheResult;
  Talk();
  EXPECT_EQ(client_->phase(), Phase::kUp) << client_->failure().detail << "\n" << GatewayLog();
}

TEST_P(EveryEapMethod, AWrongPasswordIsRefused) {
  options_.password = "wrong";
  Talk();
  now_ += std::chrono::seconds(2);
  gateway_->Step(fsm::TimerExpired{fsm::TimerId::kReject, now_, 0}, now_);
  Talk();
  EXPECT_EQ(client_->failure().kind, FailureKind::kAuthentication) << GatewayLog();
  EXPECT_FALSE(gateway_->activated_);
}

INSTANTIATE_TEST_SUITE_P(Client, EveryEapMethod,
                         ::testing::Values(EapMethod::kMd5, EapMethod::kMsChapV2));

TEST_F(AgainstGateway, WindowsOpeningComesUp) {
  options_.deviations.windows_opening = true;
  Talk();
  EXPECT_EQ(client_->phase(), Phase::kUp) << GatewayLog();
  EXPECT_EQ(client_->facts().mru, 1452);
  EXPECT_THAT(GatewayLog(), HasSubstr("MSRASV5.20"));
}

TEST_F(AgainstGateway, EarlyCallConnectedIsKept) {
  options_.auth = {AuthProtocol::kMsChapV2};
  options_.binding = BindingTime::kBeforeTheResult;
  Talk();
  EXPECT_EQ(client_->phase(), Phase::kUp) << GatewayLog();
  EXPECT_TRUE(gateway_->activated_);
}

TEST_F(AgainstGateway, WithoutBindingNothingIsActivated) {
  options_.binding = BindingTime::kNever;
  Talk();
  EXPECT_FALSE(gateway_->activated_);
}

TEST_F(AgainstGateway, WrongBindingIsAborted) {
  for (bool Deviations::*odd :
       {&Deviations::flip_mac_bit, &Deviations::flip_cert_hash_bit, &Deviations::flip_nonce_bit}) {
    client_.reset();
    gateway_.reset();
    options_.deviations = {};
    options_.deviations.*odd = true;
    Talk();
    EXPECT_EQ(client_->failure().kind, FailureKind::kAborted) << GatewayLog();
    EXPECT_FALSE(gateway_->activated_);
  }
}

TEST_F(AgainstGateway, DnsAndWinsArrive) {
  policy_.dns = {Ipv4Address(0x01010101), Ipv4Address(0x02020202)};
  policy_.wins = {Ipv4Address(0x03030303)};
  Talk();
  ASSERT_EQ(client_->phase(), Phase::kUp) << GatewayLog();
  EXPECT_EQ(client_->facts().dns, policy_.dns);
  EXPECT_EQ(client_->facts().wins, policy_.wins);
}

TEST_F(AgainstGateway, NoAddressIsAClearReject) {
  policy_.address = {};
  Talk();
  EXPECT_NE(client_->phase(), Phase::kUp);
  EXPECT_EQ(client_->failure().kind, FailureKind::kNoAddress) << GatewayLog();
  EXPECT_THAT(GatewayLog(), HasSubstr("no free IPv4 address"));
}

}  // namespace
}  // namespace sstpgw::client
