#include "controlplane/radius/login.h"

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/authenticators.h"
#include "tests/unit/radius/dynamic_fixture.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

using std::chrono::seconds;

const char* const kProof = "S=407A5589115FD0D6209F510FE9C04566932CDA56";
const char* const kSend = "8b7cdc149b993a1ba118cb153f56dccb";
const char* const kRecv = "d5f0e9521e3ea9589645e86051c82226";
const char* const kNotNow = "The server cannot log anybody in now, try again later";

AskedLogin Asked(AuthMethod method) { return {"ann", {method, 9, {}}}; }

// From server(2), which this process calls 41.
Answered AnswerOf(Code code) {
  Answered answer;
  answer.server = ServerId(41);
  answer.server_number = 2;
  answer.reply.code = code;
  answer.request_authenticator = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  answer.secret = Secret(std::string_view("testing123"));
  return answer;
}

void AddKeys(Answered& answer, std::string_view recv, std::string_view send) {
  const SharedWith shared{answer.secret.Reveal(), answer.request_authenticator};
  answer.reply.Add(kMsMppeRecvKey, *HideSalted(Hex(recv), 0x8001, shared));
  answer.reply.Add(kMsMppeSendKey, *HideSalted(Hex(send), 0x8002, shared));
}

LoginSettings Settings(std::optional<AttributeKey> rates = std::nullopt) {
  RadiusConfig config;
  config.dictionary = BuiltInDictionary();
  if (rates) config.rate_limit = RadiusRateLimit{{rates->vendor, rates->type}};
  return LoginSettingsOf(config);
}

// Lines of the log: "4 ann: ...", with the number of their level.
std::vector<std::string> Lines(const LoginEnd& end) {
  std::vector<std::string> lines;
  for (const WriteLog& line : end.log) {
    lines.push_back(std::to_string(static_cast<int>(line.level)) + " " + line.text);
  }
  return lines;
}

struct Accepted {
  AuthGranted granted;
  std::vector<std::string> log;
};

Accepted Accept(const std::vector<std::pair<AttributeKey, Bytes>>& attributes,
                const LoginSettings& settings = Settings()) {
  Answered answer = AnswerOf(Code::kAccessAccept);
  for (const auto& [key, value] : attributes) answer.reply.Add(key, value);
  LoginEnd end = JudgeReply(Asked(AuthMethod::kPap), answer, settings);
  if (!std::holds_alternative<AuthGranted>(end.outcome)) {
    ADD_FAILURE() << std::get<AuthorizeReject>(end.outcome).log_reason;
    return {};
  }
  return {std::get<AuthGranted>(std::move(end.outcome)), Lines(end)};
}

// ---- Access-Accept

LoginEnd AcceptEap(std::string_view recv, std::string_view send) {
  Answered answer = AnswerOf(Code::kAccessAccept);
  answer.reply.Add(kEapMessage, Hex("03090004"));
  AddKeys(answer, recv, send);
  AskedLogin asked = Asked(AuthMethod::kEap);
  asked.with.eap_type = 13;
  return JudgeReply(asked, answer, Settings());
}

// "Send" is what the NAS sends with (RFC 2548 2.4.2).
TEST(JudgeReply, KeysForMppeAreTheFirst16Octets) {
  const std::string recv = std::string(kRecv) + std::string(32, 'a');
  const std::string send = std::string(32, '7') + std::string(32, 'b');
  const LoginEnd end = AcceptEap(recv, send);
  ASSERT_TRUE(std::holds_alternative<AuthGranted>(end.outcome));
  const sstpgw::MppeKeys& keys = std::get<AuthGranted>(end.outcome).mppe;
  EXPECT_EQ(ToHex(keys.receive.Reveal()), kRecv);
  EXPECT_EQ(ToHex(keys.send.Reveal()), std::string(32, '7'));
  EXPECT_TRUE(keys.lan_manager.empty());
}

TEST(JudgeReply, KeysThatAreTooShortForMppeAreNone) {
  const LoginEnd end = AcceptEap(kRecv, "0102");
  ASSERT_TRUE(std::holds_alternative<AuthGranted>(end.outcome));
  EXPECT_TRUE(std::get<AuthGranted>(end.outcome).mppe.send.empty());
  EXPECT_TRUE(std::get<AuthGranted>(end.outcome).mppe.receive.empty());
  EXPECT_TRUE(Accept({}).granted.mppe.send.empty()) << "PAP makes none";
}

TEST(LoginAccept, AnEmptyOneLeavesAllToTheConfiguration) {
  const auto [granted, log] = Accept({});
  EXPECT_EQ(granted.static_ip, std::nullopt);
  EXPECT_EQ(granted.pool, "");
  EXPECT_EQ(ToHex(granted.hlak.Reveal()), std::string(64, '0'));
  EXPECT_EQ(granted.success_message, "Authentication succeeded");
  EXPECT_THAT(granted.dns, IsEmpty());
  EXPECT_THAT(granted.wins, IsEmpty());
  EXPECT_EQ(granted.session_timeout, seconds(0));
  EXPECT_EQ(granted.idle_timeout, seconds(0));
  EXPECT_FALSE(granted.reauthenticate);
  EXPECT_EQ(granted.network, NetworkPolicy{});
  EXPECT_TRUE(granted.rates.empty());
  EXPECT_EQ(granted.accounting.user_name, "");
  EXPECT_THAT(granted.accounting.classes, IsEmpty());
  EXPECT_EQ(granted.accounting.nas_port, std::nullopt);
  EXPECT_EQ(granted.accounting.interim_interval, std::nullopt);
  EXPECT_THAT(log, IsEmpty());
}

TEST(LoginAccept, Addresses) {
  const auto address = [](std::uint32_t value) {
    return Accept({{kFramedIpAddress, IntegerValue(value)}}).granted.static_ip;
  };
  EXPECT_EQ(address(0x0a090909), Ipv4Address(0x0a090909));
  EXPECT_EQ(address(0xfffffffe), std::nullopt);
  EXPECT_EQ(address(0xffffffff), std::nullopt);
  EXPECT_EQ(address(0), std::nullopt);
  EXPECT_EQ(Accept({{kFramedPool, TextValue("P2")}}).granted.pool, "P2");
}

TEST(LoginAccept, NameServers) {
  const auto granted = Accept({{kMsPrimaryDnsServer, IntegerValue(1)},
                               {kMsSecondaryDnsServer, IntegerValue(2)},
                               {kMsSecondaryNbnsServer, IntegerValue(3)}})
                           .granted;
  EXPECT_THAT(granted.dns, ElementsAre(Ipv4Address(1), Ipv4Address(2)));
  EXPECT_THAT(granted.wins, ElementsAre(Ipv4Address(3)));
}

TEST(LoginAccept, Times) {
  const auto granted = Accept({{kSessionTimeout, IntegerValue(3600)},
                               {kIdleTimeout, IntegerValue(300)},
                               {kTerminationAction, IntegerValue(1)},
                               {kAcctInterimInterval, IntegerValue(0)}})
                           .granted;
  EXPECT_EQ(granted.session_timeout, seconds(3600));
  EXPECT_EQ(granted.idle_timeout, seconds(300));
  EXPECT_TRUE(granted.reauthenticate);
  EXPECT_EQ(granted.accounting.interim_interval, seconds(0));
}

TEST(LoginAccept, AReminderIsOnlyForWhoLogsInAgain) {
  Answered answer = AnswerOf(Code::kAccessAccept);
  answer.reply.Add(kState, Hex("aa"));
  answer.reply.Add(kClass, Hex("bb"));
  EXPECT_FALSE(JudgeReply(Asked(AuthMethod::kPap), answer, Settings()).reminder);
  answer.reply.Add(kTerminationAction, IntegerValue(1));
  const LoginEnd end = JudgeReply(Asked(AuthMethod::kPap), answer, Settings());
  ASSERT_TRUE(end.reminder);
  EXPECT_EQ(end.reminder->state, Hex("aa"));
  EXPECT_THAT(end.reminder->classes, ElementsAre(Hex("bb")));
}

TEST(LoginAccept, FactsOfAccounting) {
  const auto facts = Accept({{kUserName, TextValue("ann@isp")},
                             {kClass, Hex("01")},
                             {kClass, Hex("0200")},
                             {kNasPort, IntegerValue(77)},
                             {kAcctInterimInterval, IntegerValue(90)}})
                         .granted.accounting;
  EXPECT_EQ(facts.user_name, "ann@isp");
  EXPECT_THAT(facts.classes, ElementsAre(Hex("01"), Hex("0200")));
  EXPECT_EQ(facts.nas_port, 77U);
  EXPECT_EQ(facts.interim_interval, seconds(90));
}

TEST(LoginAccept, WhatIsCarried) {
  const auto network = Accept({{kNasPortId, TextValue("custA")},
                               {kAccelVrfName, TextValue("RED")},
                               {kFramedMtu, IntegerValue(1300)},
                               {kFramedRoute, TextValue("10.1.0.7/16")},
                               {kFramedRoute, TextValue("10.2.0.0/16 10.0.0.9 5")},
                               {kFramedRoute, TextValue("10.3.0.0/16 0.0.0.0 7")},
                               {kFramedIpv6Route, TextValue("2001:db8:9::/48")},
                               {kFramedIpv6Route, TextValue("2001:db8:8::/48 fe80::1")},
                               {kFramedIpv6Prefix, Hex("00 40 20010db800000001")},
                               {kDelegatedIpv6Prefix, Hex("00 38 20010db8000100")},
                               {kFramedIpv6Address, Hex("20010db8000000000000000000000005")},
                               {kFramedInterfaceId, Hex("0000000000000002")},
                               {kFramedIpv6Pool, TextValue("six")},
                               {kStatefulIpv6AddressPool, TextValue("stateful")},
                               {kDelegatedIpv6PrefixPool, TextValue("delegated")},
                               {kDnsServerIpv6Address, Hex("20010db8000000000000000000000053")},
                               {kMsMppeEncryptionPolicy, IntegerValue(2)},
                               {kMsMppeEncryptionPolicy, IntegerValue(1)},  // by the server itself
                               {kMsMppeEncryptionTypes, IntegerValue(4)}})
                           .granted.network;
  EXPECT_EQ(network.interface_name, "custA");
  EXPECT_EQ(network.vrf, "RED");
  EXPECT_EQ(network.framed_mtu, 1300U);
  EXPECT_THAT(network.routes,
              ElementsAre("10.1.0.0/16", "10.2.0.0/16 10.0.0.9 5", "10.3.0.0/16 0.0.0.0 7"));
  EXPECT_THAT(network.ipv6_routes, ElementsAre("2001:db8:9::/48", "2001:db8:8::/48 fe80::1"));
  EXPECT_THAT(network.framed_ipv6_prefixes, ElementsAre(*Ipv6Prefix::Parse("2001:db8:0:1::/64")));
  EXPECT_THAT(network.delegated_ipv6_prefixes, ElementsAre(*Ipv6Prefix::Parse("2001:db8:1::/56")));
  EXPECT_THAT(network.framed_ipv6_addresses, ElementsAre(*Ipv6Address::Parse("2001:db8::5")));
  EXPECT_EQ(network.framed_interface_id, (InterfaceId{0, 0, 0, 0, 0, 0, 0, 2}));
  EXPECT_EQ(network.framed_ipv6_pool, "six");
  EXPECT_EQ(network.stateful_ipv6_pool, "stateful");
  EXPECT_EQ(network.delegated_ipv6_pool, "delegated");
  EXPECT_THAT(network.ipv6_dns, ElementsAre(*Ipv6Address::Parse("2001:db8::53")));
  EXPECT_EQ(network.mppe_policy, 2U);
  EXPECT_EQ(network.mppe_types, 4U);
  EXPECT_EQ(Accept({{kAccelVrfName, TextValue("0")}}).granted.network.vrf, "");
}

TEST(LoginAccept, MoreThanAGatewayTakesIsCutWithAWarning) {
  std::vector<std::pair<AttributeKey, Bytes>> attributes;
  for (int i = 0; i < 257; ++i) attributes.emplace_back(kFramedRoute, TextValue("10.0.0.1"));
  for (int i = 0; i < 33; ++i) attributes.emplace_back(kFramedIpv6Prefix, Hex("00 00"));
  const auto [granted, log] = Accept(attributes);
  EXPECT_THAT(granted.network.routes, SizeIs(256));
  EXPECT_THAT(granted.network.framed_ipv6_prefixes, SizeIs(32));
  EXPECT_THAT(
      log, ElementsAre(
               "2 ann: RADIUS server(2): 257 of Framed-Route, only the first 256 are taken",
               "2 ann: RADIUS server(2): 33 of Framed-IPv6-Prefix, only the first 32 are taken"));
}

TEST(LoginAccept, RatesOnlyWhereTheyAreEnabled) {
  const std::vector<std::pair<AttributeKey, Bytes>> attributes = {
      {kFilterId, TextValue("5000/2000")}, {kMikrotikRateLimit, TextValue("1M/8M")}};
  EXPECT_TRUE(Accept(attributes).granted.rates.empty());
  const auto filter = Accept(attributes, Settings(kFilterId)).granted.rates.During(0);
  EXPECT_EQ(filter.down.rate, BitsPerSecond(5'000'000));
  EXPECT_EQ(filter.up.rate, BitsPerSecond(2'000'000));
  const auto mikrotik = Accept(attributes, Settings(kMikrotikRateLimit)).granted.rates.During(0);
  EXPECT_EQ(mikrotik.down.rate, BitsPerSecond(8'000'000));
  EXPECT_EQ(mikrotik.up.rate, BitsPerSecond(1'000'000));
}

TEST(LoginAccept, TheLog) {
  const auto [granted, log] = Accept({{kFilterId, TextValue("slow")},
                                      {kFramedRoute, TextValue("x\n")},
                                      {kReplyMessage, TextValue("hello\x1b")},
                                      {kReplyMessage, TextValue("you")},
                                      {AttributeKey{0, 64}, Bytes(4)},
                                      {AttributeKey{4242, 9}, Bytes(1)}},
                                     Settings(kFilterId));
  EXPECT_TRUE(granted.rates.empty());
  EXPECT_THAT(
      log,
      ElementsAre("2 ann: RADIUS server(2): Framed-Route goes to x\\x0a, not an IPv4 address",
                  "2 ann: RADIUS server(2): the rate limit 'slow' cannot be read (no number at "
                  "position 1), it limits nothing",
                  "5 ann: RADIUS server(2) says: hello\\x1b you",
                  HasSubstr("5 ann: RADIUS server(2) sent what has no meaning here: ")));
  EXPECT_THAT(log[3], HasSubstr("vendor 4242 attribute 9"));
  EXPECT_THAT(log[3], Not(HasSubstr("Filter-Id")));
  EXPECT_THAT(Accept({{kFilterId, TextValue("slow")}}).log,
              ElementsAre("5 ann: RADIUS server(2) sent what has no meaning here: Filter-Id"));
}

TEST(LoginAccept, TheUserIsEscapedAndShortInTheLog) {
  AskedLogin asked = Asked(AuthMethod::kPap);
  asked.user = "a\nb";
  EXPECT_THAT(Lines(JudgeReply(asked, AnswerOf(Code::kAccessReject), Settings())),
              ElementsAre("3 a\\x0ab: login refused by RADIUS server(2)"));
  asked.user = std::string(1500, 'u');
  EXPECT_THAT(Lines(JudgeReply(asked, AnswerOf(Code::kAccessReject), Settings())),
              ElementsAre("3 " + std::string(253, 'u') + "...: login refused by RADIUS server(2)"));
}

TEST(LoginAccept, MsChapV2BringsProofAndKeys) {
  Answered answer = AnswerOf(Code::kAccessAccept);
  Bytes success{9};
  success.insert(success.end(), kProof, kProof + 42);
  answer.reply.Add(kMsChap2Success, success);
  AddKeys(answer, kRecv, kSend);
  const LoginEnd end = JudgeReply(Asked(AuthMethod::kMsChapV2), answer, Settings());
  ASSERT_TRUE(std::holds_alternative<AuthGranted>(end.outcome));
  const auto& granted = std::get<AuthGranted>(end.outcome);
  EXPECT_EQ(ToHex(granted.hlak.Reveal()), std::string(kRecv) + kSend);
  EXPECT_EQ(granted.success_message, std::string(kProof) + " M=Authentication succeeded");
  EXPECT_THAT(granted.eap_message, IsEmpty());
}

TEST(LoginAccept, MissingKeysRefuseTheClientAndSaySo) {
  Answered answer = AnswerOf(Code::kAccessAccept);
  Bytes success{9};
  success.insert(success.end(), kProof, kProof + 42);
  answer.reply.Add(kMsChap2Success, success);
  const LoginEnd end = JudgeReply(Asked(AuthMethod::kMsChapV2), answer, Settings());
  ASSERT_TRUE(std::holds_alternative<AuthorizeReject>(end.outcome));
  const auto& reject = std::get<AuthorizeReject>(end.outcome);
  EXPECT_EQ(reject.mschap_error, 691U);
  EXPECT_EQ(reject.message, kNotNow);
  EXPECT_THAT(reject.log_reason,
              HasSubstr("RADIUS server(2): MS-MPPE keys missing in Access-Accept"));
  EXPECT_THAT(Lines(end), ElementsAre(HasSubstr("1 ann: login failed, RADIUS server(2): MS-MPPE "
                                                "keys missing in Access-Accept")));
}

// ---- Access-Reject

TEST(LoginReject, TheServersWordsGoToTheClient) {
  Answered answer = AnswerOf(Code::kAccessReject);
  Bytes error{9};
  const std::string_view text = "E=647 R=1 V=3 M=disabled";
  error.insert(error.end(), text.begin(), text.end());
  answer.reply.Add(kMsChapError, error);
  answer.reply.Add(kReplyMessage, TextValue("pay first\n"));
  const LoginEnd end = JudgeReply(Asked(AuthMethod::kMsChapV2), answer, Settings());
  const auto& reject = std::get<AuthorizeReject>(end.outcome);
  EXPECT_EQ(reject.mschap_error, 647U);
  EXPECT_EQ(reject.message, "pay first\\x0a");
  EXPECT_EQ(reject.log_reason, "refused by RADIUS server(2), E=647: pay first\\x0a");
  EXPECT_THAT(Lines(end),
              ElementsAre("3 ann: login refused by RADIUS server(2), E=647: pay first\\x0a"));
}

TEST(LoginReject, WithoutWords) {
  const LoginEnd end =
      JudgeReply(Asked(AuthMethod::kPap), AnswerOf(Code::kAccessReject), Settings());
  const auto& reject = std::get<AuthorizeReject>(end.outcome);
  EXPECT_EQ(reject.mschap_error, 691U);
  EXPECT_EQ(reject.message, "");
  EXPECT_EQ(reject.log_reason, "refused by RADIUS server(2)");
}

TEST(LoginReject, EapFailureIsForEapOnly) {
  Answered answer = AnswerOf(Code::kAccessReject);
  answer.reply.Add(kEapMessage, Hex("04090004"));
  const auto eap_of = [&](AuthMethod method) {
    return std::get<AuthorizeReject>(JudgeReply(Asked(method), answer, Settings()).outcome)
        .eap_message;
  };
  EXPECT_EQ(eap_of(AuthMethod::kEap), Hex("04090004"));
  EXPECT_THAT(eap_of(AuthMethod::kPap), IsEmpty());
}

TEST(LoginReject, AnythingElseLetsNobodyIn) {
  for (int code = 0; code < 256; ++code) {
    const auto reply = static_cast<Code>(code);
    if (reply == Code::kAccessAccept) continue;
    const LoginEnd end = JudgeReply(Asked(AuthMethod::kPap), AnswerOf(reply), Settings());
    EXPECT_TRUE(std::holds_alternative<AuthorizeReject>(end.outcome)) << code;
    EXPECT_THAT(end.log, SizeIs(1)) << code;
  }
}

// ---- EAP in several rounds

TEST(LoginChallenge, TheAnswerGoesToTheSameServerWithItsState) {
  Answered answer = AnswerOf(Code::kAccessChallenge);
  answer.reply.Add(kEapMessage, Hex("01090006 0401"));
  answer.reply.Add(kState, Hex("aabbcc"));
  answer.reply.Add(kSessionTimeout, IntegerValue(20));
  answer.reply.Add(kReplyMessage, TextValue("token?"));
  const LoginEnd end = JudgeReply(Asked(AuthMethod::kEap), answer, Settings());
  ASSERT_TRUE(std::holds_alternative<AuthorizeChallenge>(end.outcome));
  const auto& challenge = std::get<AuthorizeChallenge>(end.outcome);
  EXPECT_EQ(challenge.eap_message, Hex("01090006 0401"));
  EXPECT_EQ(challenge.timeout, seconds(20));
  EXPECT_EQ(challenge.state, Hex("02 00000029 aabbcc"));
  EXPECT_THAT(Lines(end), ElementsAre("5 ann: RADIUS server(2) says: token?"));

  AuthorizeQuestion next;
  next.mtu = 1300;
  next.evidence = EapEvidence{"ann", Secret(ByteView(Hex("02090006 0401"))), challenge.state};
  const auto login = LoginRequestOf(next);
  ASSERT_TRUE(login);
  EXPECT_EQ(login->only, ServerId(41));
  EXPECT_EQ(login->request.state, Hex("aabbcc"));
  EXPECT_EQ(login->request.framed_mtu, 1300U);
}

TEST(LoginChallenge, WithoutState) {
  Answered answer = AnswerOf(Code::kAccessChallenge);
  answer.reply.Add(kEapMessage, Hex("01090006 0401"));
  const LoginEnd end = JudgeReply(Asked(AuthMethod::kEap), answer, Settings());
  const auto& challenge = std::get<AuthorizeChallenge>(end.outcome);
  EXPECT_EQ(challenge.timeout, seconds(0));
  AuthorizeQuestion next;
  next.evidence = EapEvidence{"ann", Secret(ByteView(Hex("02090006 0401"))), challenge.state};
  const auto login = LoginRequestOf(next);
  ASSERT_TRUE(login);
  EXPECT_EQ(login->only, ServerId(41));
  EXPECT_EQ(login->request.state, std::nullopt);
}

TEST(LoginChallenge, WhoDidNotAskWithEapIsRefused) {
  Answered answer = AnswerOf(Code::kAccessChallenge);
  answer.reply.Add(kEapMessage, Hex("01090006 0401"));
  const LoginEnd pap = JudgeReply(Asked(AuthMethod::kPap), answer, Settings());
  EXPECT_THAT(std::get<AuthorizeReject>(pap.outcome).log_reason,
              HasSubstr("it asks for another round, which only EAP has"));
  answer.reply.attributes.clear();
  const LoginEnd none = JudgeReply(Asked(AuthMethod::kEap), answer, Settings());
  EXPECT_THAT(std::get<AuthorizeReject>(none.outcome).log_reason,
              HasSubstr("an Access-Challenge without EAP-Message"));
}

TEST(ConversationState, ComesBackAsItWent) {
  for (const std::optional<Bytes>& state : {std::optional<Bytes>(), std::optional<Bytes>(Bytes()),
                                            std::optional<Bytes>(Bytes(253, 7))}) {
    const Conversation conversation{ServerId(0xfedcba98), state};
    const auto again = ReadConversationState(ConversationState(conversation));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, conversation);
  }
}

TEST(ConversationState, WhatIsNotOurs) {
  for (const Bytes& bad :
       {Bytes(), Bytes{1}, Hex("01 000000"), Hex("02 000000"), Hex("01 00000001 aa"),
        Hex("00 00000001"), Hex("03 00000001 aa"), Bytes(259, 2), Bytes(1024, 2)}) {
    EXPECT_FALSE(ReadConversationState(bad)) << ToHex(bad);
  }
  AuthorizeQuestion question;
  question.evidence = EapEvidence{"ann", Secret(ByteView(Hex("02090006 0401"))), Hex("aabb")};
  const auto login = LoginRequestOf(question);
  ASSERT_FALSE(login);
  EXPECT_EQ(login.error().message, "an EAP conversation's state of 2 octets");
}

TEST(LoginRequest, TheFirstRoundMayGoToAnyServer) {
  AuthorizeQuestion question;
  question.evidence = EapEvidence{"ann", Secret(ByteView(Hex("02090006 0401"))), {}};
  EXPECT_EQ(LoginRequestOf(question)->only, std::nullopt);
  EXPECT_EQ(LoginRequestOf(question)->request.state, std::nullopt);
  question.evidence = PapEvidence{"ann", Secret(std::string_view("pw"))};
  EXPECT_EQ(LoginRequestOf(question)->only, std::nullopt);
  EXPECT_EQ(AskedLoginOf(question).user, "ann");
}

// ---- Nobody could judge

TEST(LoginFailure, TheClientMayTryAgain) {
  const LoginEnd end = JudgeFailure(Asked(AuthMethod::kMsChapV2),
                                    {FailureReason::kNoAnswer, "no answer from server(1)"});
  const auto& reject = std::get<AuthorizeReject>(end.outcome);
  EXPECT_EQ(reject.mschap_error, 691U);
  EXPECT_EQ(reject.message, kNotNow);
  EXPECT_EQ(reject.log_reason, "RADIUS: no answer from server(1)");
  EXPECT_THAT(Lines(end), ElementsAre("3 ann: login failed: no answer from server(1)"));
}

TEST(LoginFailure, UnaskedIsRefused) {
  const LoginEnd end = RefuseUnasked(Asked(AuthMethod::kPap), "an empty user name");
  EXPECT_EQ(std::get<AuthorizeReject>(end.outcome).log_reason, "an empty user name");
  EXPECT_THAT(Lines(end), ElementsAre("3 ann: login refused: an empty user name"));
}

}  // namespace
}  // namespace sstpgw::cp::radius
