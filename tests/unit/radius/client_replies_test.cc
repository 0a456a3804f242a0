// What comes back and what of it is believed (features 6.2, Annex E).
#include "controlplane/radius/md5.h"
#include "tests/unit/radius/client_bench.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::HasSubstr;

class ClientReplies : public ::testing::Test {
 protected:
  explicit ClientReplies(MessageAuthenticatorPolicy policy = MessageAuthenticatorPolicy::kYes) {
    ServerSettings server = ServerAt("10.0.0.1");
    server.message_authenticator = policy;
    bench.Configure(SettingsOf(std::move(server)));
    id = bench.Login();
    request = bench.sent.back();
  }
  // It was dropped for this reason and for no other, and the request waits as before.
  void ExpectDropped(BadReply reason, std::uint64_t times = 1) {
    EXPECT_FALSE(bench.IsDone(id));
    const ServiceView view = bench.Auth();
    for (std::size_t i = 0; i < kBadReplies; ++i) {
      EXPECT_EQ(view.bad[i], i == static_cast<std::size_t>(reason) ? times : 0U)
          << ToString(static_cast<BadReply>(i));
    }
    bench.Answer(request);
    EXPECT_NE(bench.AnswerOf(id), nullptr) << "the genuine one still counts";
  }
  [[nodiscard]] Bytes Genuine(const Reply& reply = {}) const {
    return AnswerTo(request.octets, reply);
  }

  ClientBench bench;
  RequestId id;
  Sent request;
};

TEST_F(ClientReplies, AGenuineReplyEndsTheRequest) {
  bench.Advance(milliseconds(20));
  bench.Answer(request, {Code::kAccessAccept,
                         "testing",
                         WithMessageAuthenticator::kYes,
                         {{0, kReplyMessage.type, TextValue("hello")}}});
  const Answered* answer = bench.AnswerOf(id);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(ReadText(answer->reply.Find(kReplyMessage)->value), "hello");
  EXPECT_EQ(answer->secret.RevealText(), "testing");
  EXPECT_EQ(bench.Auth().accepts, 1U);
  EXPECT_EQ(bench.Auth().last_round_trip, milliseconds(20));
  EXPECT_EQ(bench.Auth().in_flight, 0U);
  bench.Advance(seconds(60));
  EXPECT_EQ(bench.sent.size(), 1U) << "nothing is sent any more";
}

TEST_F(ClientReplies, PaddingBehindThePacketIsIgnored) {
  Bytes padded = Genuine();
  padded.insert(padded.end(), 100, 0xff);
  bench.Arrive(request.socket, request.server, padded);
  EXPECT_NE(bench.AnswerOf(id), nullptr);
}

// ---- One test per kind of bad reply

TEST_F(ClientReplies, FromAnotherAddress) {
  IpEndpoint other = request.server;
  other.address = *ParseIpAddress("10.0.0.66");
  bench.Arrive(request.socket, other, Genuine());
  EXPECT_TRUE(bench.Logged("reply from 10.0.0.66:1812 ignored, wrong source"));
  ExpectDropped(BadReply::kWrongSource);
}

TEST_F(ClientReplies, FromAnotherPort) {
  IpEndpoint other = request.server;
  other.port = 1813;
  bench.Arrive(request.socket, other, Genuine());
  ExpectDropped(BadReply::kWrongSource);
}

TEST_F(ClientReplies, EveryTruncation) {
  const Bytes whole = Genuine({Code::kAccessAccept,
                               "testing",
                               WithMessageAuthenticator::kYes,
                               {{0, kClass.type, Bytes(30)}}});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto end = whole.begin() + static_cast<std::ptrdiff_t>(size);
    bench.Arrive(request.socket, request.server, Bytes(whole.begin(), end));
  }
  ExpectDropped(BadReply::kMalformed, whole.size());
}

TEST_F(ClientReplies, LengthsThatLie) {
  std::uint64_t times = 0;
  for (const std::uint32_t length : {0U, 19U, 4097U, 65535U}) {
    Bytes bytes = Genuine();
    bytes[2] = static_cast<std::uint8_t>(length >> 8);
    bytes[3] = static_cast<std::uint8_t>(length);
    bench.Arrive(request.socket, request.server, bytes);
    ++times;
  }
  for (const std::uint32_t length : {0U, 1U, 200U}) {
    Bytes bytes = Genuine();
    bytes[kHeaderSize + 1] = static_cast<std::uint8_t>(length);  // of the first attribute
    bench.Arrive(request.socket, request.server, bytes);
    ++times;
  }
  ExpectDropped(BadReply::kMalformed, times);
}

TEST_F(ClientReplies, TwoMessageAuthenticators) {
  Packet packet;
  packet.code = Code::kAccessAccept;
  packet.identifier = request.identifier();
  Bytes bytes = *SignReply(packet, AuthenticatorOf(request.octets), TextOctets("testing"),
                           WithMessageAuthenticator::kYes);
  const Bytes attribute(bytes.begin() + kHeaderSize, bytes.end());
  bytes.insert(bytes.end(), attribute.begin(), attribute.end());
  bytes[3] = static_cast<std::uint8_t>(bytes.size());
  bench.Arrive(request.socket, request.server, bytes);
  ExpectDropped(BadReply::kMalformed);
}

TEST_F(ClientReplies, AnIdentifierThatWasNotSent) {
  Bytes bytes = Genuine();
  bytes[1] ^= 1;
  bench.Arrive(request.socket, request.server, bytes);
  ExpectDropped(BadReply::kUnknownIdentifier);
}

TEST_F(ClientReplies, ACodeThatIsNoAnswer) {
  std::uint64_t times = 0;
  for (const Code code :
       {Code::kAccessRequest, Code::kAccountingResponse, Code::kStatusServer, Code::kCoaRequest,
        Code::kDisconnectAck, static_cast<Code>(0), static_cast<Code>(255)}) {
    bench.Answer(request, {code, "testing", WithMessageAuthenticator::kYes, {}});
    ++times;
  }
  ExpectDropped(BadReply::kUnexpectedCode, times);
}

TEST_F(ClientReplies, AnotherSecret) {
  bench.Answer(request, {Code::kAccessAccept, "guessed", WithMessageAuthenticator::kYes, {}});
  EXPECT_TRUE(bench.Logged("is the shared secret the same on both sides?"));
  ExpectDropped(BadReply::kWrongAuthenticator);
}

TEST_F(ClientReplies, EveryOctetChanged) {
  const Bytes whole = Genuine({Code::kAccessReject,
                               "testing",
                               WithMessageAuthenticator::kYes,
                               {{0, kReplyMessage.type, TextValue("no")}}});
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int bit : {0x01, 0x80}) {
      Bytes changed = whole;
      changed[i] = static_cast<std::uint8_t>(changed[i] ^ bit);
      bench.Arrive(request.socket, request.server, changed);
      ASSERT_FALSE(bench.IsDone(id)) << "octet " << i;
    }
  }
}

TEST_F(ClientReplies, AReplyToAnEarlierRequestWithTheSameIdentifier) {
  const Bytes old = Genuine();
  bench.Answer(request);
  // All other identifiers first, so that this one comes again.
  for (int i = 0; i < 3000 && bench.sent.size() < 40000; ++i) {
    bench.Advance(milliseconds(20));
    id = bench.Login();
    if (bench.sent.back().socket == request.socket &&
        bench.sent.back().identifier() == request.identifier()) {
      break;
    }
    bench.AnswerLast();
  }
  ASSERT_EQ(bench.sent.back().identifier(), request.identifier());
  request = bench.sent.back();
  bench.Arrive(request.socket, request.server, old);
  ExpectDropped(BadReply::kWrongAuthenticator);
}

// An Access-Accept with these octets as attributes and the right Response Authenticator, as only
// somebody can make it who knows the secret, or broke MD5.
Bytes AcceptWith(const Sent& request, const Bytes& attributes) {
  Bytes bytes{2, request.identifier(), 0, 0};
  const Authenticator asked = AuthenticatorOf(request.octets);
  bytes.insert(bytes.end(), asked.begin(), asked.end());
  bytes.insert(bytes.end(), attributes.begin(), attributes.end());
  bytes[2] = static_cast<std::uint8_t>(bytes.size() >> 8);
  bytes[3] = static_cast<std::uint8_t>(bytes.size());
  const auto digest = Md5({bytes, TextOctets("testing")});
  std::copy(digest->begin(), digest->end(), bytes.begin() + 4);
  return bytes;
}

TEST_F(ClientReplies, AWrongMessageAuthenticator) {
  Bytes zeros{80, 18};
  zeros.resize(18);
  bench.Arrive(request.socket, request.server, AcceptWith(request, zeros));
  bench.Arrive(request.socket, request.server, AcceptWith(request, {80, 4, 1, 2}));
  ExpectDropped(BadReply::kWrongMessageAuthenticator, 2);
}

TEST_F(ClientReplies, NoMessageAuthenticator) {
  for (const Code code : {Code::kAccessAccept, Code::kAccessReject, Code::kAccessChallenge}) {
    bench.Answer(request, {code, "testing", WithMessageAuthenticator::kNo, {}});
  }
  EXPECT_TRUE(bench.Logged("relax require-message-authenticator"));
  EXPECT_EQ(std::count_if(bench.log.begin(), bench.log.end(),
                          [](const std::string& line) {
                            return line.find("Message-Authenticator") != std::string::npos;
                          }),
            1)
      << "said once a minute, not for every datagram";
  ExpectDropped(BadReply::kMissingMessageAuthenticator, 3);
}

TEST(ClientManyAttributes, MoreThanAnyReplyHas) {
  ServerSettings server = ServerAt("10.0.0.1");
  server.message_authenticator = MessageAuthenticatorPolicy::kNo;
  ClientBench bench(SettingsOf(std::move(server)));
  const RequestId id = bench.Login();
  const Sent request = bench.sent.back();
  Bytes attributes;
  for (int i = 0; i < 600; ++i) attributes.insert(attributes.end(), {18, 2});
  bench.Arrive(request.socket, request.server, AcceptWith(request, attributes));
  EXPECT_FALSE(bench.IsDone(id));
  EXPECT_EQ(bench.Auth().bad[static_cast<std::size_t>(BadReply::kMalformed)], 1U);
}

TEST_F(ClientReplies, ASecondGenuineReplyIsADuplicate) {
  bench.Answer(request);
  bench.Answer(request);
  bench.Answer(request, {Code::kAccessReject, "testing", WithMessageAuthenticator::kYes, {}});
  EXPECT_EQ(bench.Auth().duplicates, 2U);
  EXPECT_EQ(bench.AnswerOf(id)->reply.code, Code::kAccessAccept);
}

TEST_F(ClientReplies, ToASocketThatIsClosed) {
  bench.Answer(request);
  bench.Advance(seconds(120));
  EXPECT_TRUE(bench.sockets.empty());
  bench.Answer(request);
  bench.Arrive(SocketId(4711), request.server, Genuine());
  EXPECT_EQ(bench.client.View(bench.now).stray_datagrams, 2U);
}

// ---- Late ones

TEST_F(ClientReplies, AnAnswerAfterTheEndOnlyShowsThatTheServerLives) {
  bench.Advance(seconds(9));
  ASSERT_NE(bench.FailureOf(id), nullptr);
  EXPECT_EQ(bench.Auth().fail_count, 3U);
  bench.Answer(request);
  EXPECT_EQ(bench.Auth().late, 1U);
  EXPECT_EQ(bench.Auth().accepts, 0U);
  EXPECT_EQ(bench.Auth().fail_count, 0U);
  bench.Answer(request);
  EXPECT_EQ(bench.Auth().duplicates, 1U);
}

// Who sees the traffic and kept a reply cannot keep a dead server alive with it.
TEST_F(ClientReplies, ACopyProvesNothing) {
  bench.Answer(request);
  bench.Login();
  bench.Advance(seconds(6));
  ASSERT_EQ(bench.Auth().fail_count, 2U);
  bench.Answer(request);
  EXPECT_EQ(bench.Auth().fail_count, 2U);
}

TEST(ClientLateReplies, TheServerThatWasLeftMayStillAnswer) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1", "one"), ServerAt("10.0.0.2", "two")));
  const RequestId id = bench.Login();
  bench.Advance(seconds(10));
  ASSERT_EQ(bench.sent.back().to(), "10.0.0.2:1812");
  bench.Answer(Sent(bench.sent.front()),
               {Code::kAccessAccept, "one", WithMessageAuthenticator::kYes, {}});
  const Answered* answer = bench.AnswerOf(id);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->server_number, 1U);
  EXPECT_EQ(answer->secret.RevealText(), "one");
  EXPECT_EQ(bench.Auth(0).accepts, 1U);
  EXPECT_EQ(bench.Auth(0).last_round_trip, seconds(10));
  EXPECT_EQ(bench.Auth(1).in_flight, 0U);
  // Then the second one, too.
  bench.AnswerLast({Code::kAccessReject, "two", WithMessageAuthenticator::kYes, {}});
  EXPECT_EQ(bench.Auth(1).late, 1U);
  EXPECT_EQ(bench.AnswerOf(id)->reply.code, Code::kAccessAccept);
}

// A server that needs longer than the timeout for everything is slow, not dead.
TEST(ClientLateReplies, AServerThatAnswersEverythingSlowlyServes) {
  ServerSettings server = ServerAt("10.0.0.1");
  server.fail_time = seconds(30);
  ClientBench bench(SettingsOf(std::move(server)));
  for (int i = 0; i < 20; ++i) {
    const RequestId id = bench.Login();
    const Sent request = bench.sent.back();
    bench.Advance(seconds(4));
    bench.Answer(request);
    EXPECT_NE(bench.AnswerOf(id), nullptr);
  }
  EXPECT_EQ(bench.Auth().state, ServiceState::kActive);
  EXPECT_EQ(bench.Auth().smoothed_round_trip, seconds(4));
}

// ---- Policies

class RelaxedReplies : public ClientReplies {
 protected:
  RelaxedReplies() : ClientReplies(MessageAuthenticatorPolicy::kNo) {}
};

TEST_F(RelaxedReplies, NoneIsNeeded) {
  bench.Answer(request, {Code::kAccessAccept, "testing", WithMessageAuthenticator::kNo, {}});
  EXPECT_NE(bench.AnswerOf(id), nullptr);
}

TEST_F(RelaxedReplies, OneThatIsThereMustBeRight) {
  bench.Arrive(request.socket, request.server, AcceptWith(request, {80, 4, 1, 2}));
  ExpectDropped(BadReply::kWrongMessageAuthenticator);
}

TEST_F(RelaxedReplies, RepliesWithAndWithoutItMayFollowEachOther) {
  bench.Answer(request);
  id = bench.Login();
  bench.AnswerLast({Code::kAccessAccept, "testing", WithMessageAuthenticator::kNo, {}});
  EXPECT_NE(bench.AnswerOf(id), nullptr);
}

class AutomaticReplies : public ClientReplies {
 protected:
  AutomaticReplies() : ClientReplies(MessageAuthenticatorPolicy::kAuto) {}
};

TEST_F(AutomaticReplies, OnceSeenAlwaysRequired) {
  const Reply without{Code::kAccessAccept, "testing", WithMessageAuthenticator::kNo, {}};
  bench.Answer(request, without);
  ASSERT_NE(bench.AnswerOf(id), nullptr) << "not seen yet";
  id = bench.Login();
  bench.AnswerLast();
  ASSERT_NE(bench.AnswerOf(id), nullptr);
  id = bench.Login();
  request = bench.sent.back();
  bench.Answer(request, without);
  ExpectDropped(BadReply::kMissingMessageAuthenticator);
}

TEST_F(AutomaticReplies, AForgedOneDoesNotCountAsSeen) {
  bench.Answer(request, {Code::kAccessAccept, "guessed", WithMessageAuthenticator::kYes, {}});
  bench.Answer(request, {Code::kAccessAccept, "testing", WithMessageAuthenticator::kNo, {}});
  EXPECT_NE(bench.AnswerOf(id), nullptr);
}

TEST(ClientPolicies, AccountingResponsesNeedNone) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1")));
  const RequestId id = bench.Record();
  bench.AnswerLast({Code::kAccountingResponse, "testing", WithMessageAuthenticator::kNo, {}});
  EXPECT_NE(bench.AnswerOf(id), nullptr);
  EXPECT_EQ(bench.Acct().accounting_responses, 1U);
}

// ---- The log

TEST(ClientPolicies, PacketsAreLoggedOnDemandWithoutSecrets) {
  ClientSettings settings = SettingsOf(ServerAt("10.0.0.1"));
  settings.dictionary = std::make_shared<const Dictionary>(Dictionary::BuiltIn());
  ClientBench bench(std::move(settings));
  bench.Login();
  bench.AnswerLast();
  EXPECT_TRUE(bench.log.empty());
  bench.client.LogPackets(true);
  bench.Login("anna");
  bench.AnswerLast();
  ASSERT_EQ(bench.log.size(), 2U);
  EXPECT_THAT(bench.log[0], HasSubstr("send [RADIUS(1) Access-Request id="));
  EXPECT_THAT(bench.log[0], HasSubstr("<User-Name \"anna\">"));
  EXPECT_THAT(bench.log[0], HasSubstr("<User-Password ***>"));
  EXPECT_THAT(bench.log[1], HasSubstr("recv [RADIUS(1) Access-Accept id="));
}

}  // namespace
}  // namespace sstpgw::cp::radius
