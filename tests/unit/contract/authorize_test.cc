#include <functional>

#include "tests/unit/contract/refusal.h"

namespace sstpgw::contract {
namespace {

template <std::size_t N>
std::array<std::uint8_t, N> Filled(std::uint8_t value) {
  std::array<std::uint8_t, N> out{};
  out.fill(value);
  return out;
}

AuthorizeCall Call(AuthEvidence evidence) {
  AuthorizeCall call;
  call.gateway_id = "edge1";
  call.boot_id = "00ff";
  call.question.attempt = AttemptId(7);
  call.question.session = "0123456789abcdef";
  call.question.calling_station = "198.51.100.7";
  call.question.called_station = "192.0.2.1";
  call.question.peer = "198.51.100.7:49852";
  call.question.mtu = 1452;
  call.question.evidence = std::move(evidence);
  return call;
}

const std::string kUser("caf\xe9\0x", 6);  // any octets

AuthorizeCall PapCall() { return Call(PapEvidence{kUser, Secret(std::string_view("pass word"))}); }
AuthorizeCall ChapCall() { return Call(ChapMd5Evidence{kUser, 9, Filled<16>(1), Filled<16>(2)}); }
AuthorizeCall MsChapV1Call() {
  return Call(MsChapV1Evidence{kUser, 10, Filled<8>(3), Filled<24>(4), Filled<24>(5), 1});
}
AuthorizeCall MsChapV2Call() {
  return Call(MsChapV2Evidence{kUser, 11, Filled<16>(6), Filled<16>(7), Filled<24>(8), 0});
}

AuthorizeCall EapCall() {
  return Call(EapEvidence{kUser, Secret(ByteView(Filled<40>(9))), Bytes(16, 0x5a)});
}

TEST(Authorize, CallRoundTrip) {
  const auto out = FromProto(ToProto(PapCall()));
  ASSERT_TRUE(out.has_value()) << out.error().message;
  EXPECT_EQ(out->gateway_id, "edge1");
  EXPECT_EQ(out->boot_id, "00ff");
  EXPECT_EQ(out->question.attempt, AttemptId(7));
  EXPECT_EQ(out->question.session, "0123456789abcdef");
  EXPECT_EQ(out->question.calling_station, "198.51.100.7");
  EXPECT_EQ(out->question.called_station, "192.0.2.1");
  EXPECT_EQ(out->question.peer, "198.51.100.7:49852");
  EXPECT_EQ(out->question.mtu, 1452);
  const auto* pap = std::get_if<PapEvidence>(&out->question.evidence);
  ASSERT_NE(pap, nullptr);
  EXPECT_EQ(pap->user, kUser);
  EXPECT_EQ(pap->password.RevealText(), "pass word");
}

TEST(Authorize, EveryKindOfEvidenceRoundTrips) {
  const auto chap_call = FromProto(ToProto(ChapCall()));
  ASSERT_TRUE(chap_call.has_value());
  const auto& chap = std::get<ChapMd5Evidence>(chap_call->question.evidence);
  EXPECT_EQ(chap.user, kUser);
  EXPECT_EQ(chap.identifier, 9);
  EXPECT_EQ(chap.challenge, Filled<16>(1));
  EXPECT_EQ(chap.response, Filled<16>(2));

  const auto v1_call = FromProto(ToProto(MsChapV1Call()));
  ASSERT_TRUE(v1_call.has_value());
  const auto& v1 = std::get<MsChapV1Evidence>(v1_call->question.evidence);
  EXPECT_EQ(v1.identifier, 10);
  EXPECT_EQ(v1.challenge, Filled<8>(3));
  EXPECT_EQ(v1.lm_response, Filled<24>(4));
  EXPECT_EQ(v1.nt_response, Filled<24>(5));
  EXPECT_EQ(v1.flags, 1);

  const auto v2_call = FromProto(ToProto(MsChapV2Call()));
  ASSERT_TRUE(v2_call.has_value());
  const auto& v2 = std::get<MsChapV2Evidence>(v2_call->question.evidence);
  EXPECT_EQ(v2.identifier, 11);
  EXPECT_EQ(v2.challenge, Filled<16>(6));
  EXPECT_EQ(v2.peer_challenge, Filled<16>(7));
  EXPECT_EQ(v2.nt_response, Filled<24>(8));
  EXPECT_EQ(v2.flags, 0);

  const auto eap_call = FromProto(ToProto(EapCall()));
  ASSERT_TRUE(eap_call.has_value());
  const auto& eap = std::get<EapEvidence>(eap_call->question.evidence);
  EXPECT_EQ(eap.user, kUser);
  EXPECT_TRUE(ConstantTimeEqual(eap.message.Reveal(), Filled<40>(9)));
  EXPECT_EQ(eap.state, Bytes(16, 0x5a));
}

struct BadField {
  const char* field;
  pb::AuthorizeRequest good;
  std::function<void(pb::AuthorizeRequest&)> spoil;
};

TEST(Authorize, EachInvalidFieldOfACallIsRefused) {
  const pb::AuthorizeRequest pap = ToProto(PapCall());
  const pb::AuthorizeRequest chap = ToProto(ChapCall());
  const pb::AuthorizeRequest v1 = ToProto(MsChapV1Call());
  const pb::AuthorizeRequest v2 = ToProto(MsChapV2Call());
  const pb::AuthorizeRequest eap = ToProto(EapCall());
  const std::vector<BadField> cases{
      {"gateway_id", pap, [](auto& m) { m.clear_gateway_id(); }},
      {"gateway_id", pap, [](auto& m) { m.set_gateway_id("a\nb"); }},
      {"boot_id", pap, [](auto& m) { m.set_boot_id(std::string(65, 'a')); }},
      {"session_id", pap, [](auto& m) { m.set_session_id("1"); }},
      {"calling_station", pap, [](auto& m) { m.set_calling_station(std::string(65, 'a')); }},
      {"called_station", pap, [](auto& m) { m.set_called_station(std::string(65, 'a')); }},
      {"peer", pap, [](auto& m) { m.set_peer(std::string(65, 'a')); }},
      {"user", pap, [](auto& m) { m.set_user(std::string(kMaxUser + 1, 'a')); }},
      {"evidence", pap, [](auto& m) { m.clear_evidence(); }},
      {"password", pap, [](auto& m) { m.mutable_pap()->set_password(std::string(256, 'a')); }},
      {"identifier", chap, [](auto& m) { m.mutable_chap_md5()->set_identifier(256); }},
      {"challenge", chap, [](auto& m) { m.mutable_chap_md5()->set_challenge("short"); }},
      {"response", chap, [](auto& m) { m.mutable_chap_md5()->clear_response(); }},
      {"identifier", v1, [](auto& m) { m.mutable_mschap_v1()->set_identifier(256); }},
      {"flags", v1, [](auto& m) { m.mutable_mschap_v1()->set_flags(256); }},
      {"challenge", v1, [](auto& m) { m.mutable_mschap_v1()->set_challenge("123456789"); }},
      {"lm_response", v1, [](auto& m) { m.mutable_mschap_v1()->clear_lm_response(); }},
      {"nt_response", v1, [](auto& m) { m.mutable_mschap_v1()->clear_nt_response(); }},
      {"identifier", v2, [](auto& m) { m.mutable_mschap_v2()->set_identifier(256); }},
      {"flags", v2, [](auto& m) { m.mutable_mschap_v2()->set_flags(256); }},
      {"challenge", v2, [](auto& m) { m.mutable_mschap_v2()->clear_challenge(); }},
      {"peer_challenge", v2, [](auto& m) { m.mutable_mschap_v2()->clear_peer_challenge(); }},
      {"nt_response", v2, [](auto& m) { m.mutable_mschap_v2()->set_nt_response("x"); }},
      {"eap.message", eap, [](auto& m) { m.mutable_eap()->set_message("abc"); }},
      {"eap.message", eap, [](auto& m) { m.mutable_eap()->set_message(std::string(4097, 'a')); }},
      {"eap.state", eap, [](auto& m) { m.mutable_eap()->set_state(std::string(1025, 'a')); }},
      {"mtu_octets", eap, [](auto& m) { m.set_mtu_octets(65536); }},
  };
  for (const BadField& bad : cases) {
    ExpectAccepted(bad.good);
    pb::AuthorizeRequest message = bad.good;
    bad.spoil(message);
    ExpectRefused(message, bad.field);
  }
}

AuthorizeVerdict Accept() {
  AuthorizeAccept accept;
  accept.policy.generation = Generation(3);
  accept.policy.address = Ipv4Address(0x0a000005);
  accept.policy.dns = {Ipv4Address(0x01010101)};
  accept.hlak = Secret(ByteView(Filled<32>(9)));
  accept.success_message = "S=00 M=ok";
  accept.eap_message = {3, 7, 0, 4};
  accept.mppe = {Secret(Bytes(16, 5)), Secret(Bytes(16, 6)), Secret(Bytes(8, 7))};
  return accept;
}

TEST(Authorize, VerdictsRoundTrip) {
  const auto accepted = FromProto(ToProto(Accept()));
  ASSERT_TRUE(accepted.has_value()) << accepted.error().message;
  const auto& accept = std::get<AuthorizeAccept>(*accepted);
  EXPECT_EQ(accept.policy.generation, Generation(3));
  EXPECT_EQ(accept.policy.address, Ipv4Address(0x0a000005));
  EXPECT_EQ(accept.policy.dns, std::vector{Ipv4Address(0x01010101)});
  EXPECT_TRUE(ConstantTimeEqual(accept.hlak.Reveal(), Filled<32>(9)));
  EXPECT_EQ(accept.success_message, "S=00 M=ok");
  EXPECT_EQ(accept.eap_message, (Bytes{3, 7, 0, 4}));
  EXPECT_TRUE(ConstantTimeEqual(accept.mppe.send.Reveal(), Bytes(16, 5)));
  EXPECT_TRUE(ConstantTimeEqual(accept.mppe.receive.Reveal(), Bytes(16, 6)));
  EXPECT_TRUE(ConstantTimeEqual(accept.mppe.lan_manager.Reveal(), Bytes(8, 7)));

  const auto rejected = FromProto(ToProto(
      AuthorizeVerdict(AuthorizeReject{646, "come later", "wrong hour", Bytes{4, 7, 0, 4}})));
  ASSERT_TRUE(rejected.has_value());
  const auto& reject = std::get<AuthorizeReject>(*rejected);
  EXPECT_EQ(reject.mschap_error, 646U);
  EXPECT_EQ(reject.message, "come later");
  EXPECT_EQ(reject.log_reason, "wrong hour");
  EXPECT_EQ(reject.eap_message, (Bytes{4, 7, 0, 4}));

  const auto asked_on = FromProto(ToProto(AuthorizeVerdict(
      AuthorizeChallenge{Bytes(4096, 1), Bytes(1024, 2), std::chrono::seconds(30)})));
  ASSERT_TRUE(asked_on.has_value());
  const auto& challenge = std::get<AuthorizeChallenge>(*asked_on);
  EXPECT_EQ(challenge.eap_message, Bytes(4096, 1));
  EXPECT_EQ(challenge.state, Bytes(1024, 2));
  EXPECT_EQ(challenge.timeout, std::chrono::seconds(30));
}

TEST(Authorize, EachInvalidFieldOfAVerdictIsRefused) {
  const pb::AuthorizeResponse accept = ToProto(Accept());
  const pb::AuthorizeResponse reject = ToProto(AuthorizeVerdict(AuthorizeReject{}));
  ExpectAccepted(accept);
  ExpectAccepted(reject);
  ExpectRefused(pb::AuthorizeResponse(), "verdict");
  pb::AuthorizeResponse message = accept;
  message.mutable_accept()->clear_policy();
  ExpectRefused(message, "policy");
  message = accept;
  message.mutable_accept()->set_hlak(std::string(31, 'a'));
  ExpectRefused(message, "hlak");
  message = accept;
  message.mutable_accept()->set_success_message(std::string(kMaxText + 1, 'a'));
  ExpectRefused(message, "success_message");
  for (const auto& [field, spoil] :
       std::initializer_list<std::pair<const char*, std::function<void(pb::MppeKeys&)>>>{
           {"mppe.send", [](auto& m) { m.set_send("short"); }},
           {"mppe.receive", [](auto& m) { m.set_receive(std::string(17, 'a')); }},
           {"mppe.lan_manager", [](auto& m) { m.set_lan_manager(std::string(7, 'a')); }},
           {"mppe", [](auto& m) { m.clear_receive(); }}}) {
    message = accept;
    spoil(*message.mutable_accept()->mutable_mppe());
    ExpectRefused(message, field);
  }
  message = reject;
  message.mutable_reject()->set_mschap_error(0);
  ExpectRefused(message, "mschap_error");
  message = reject;
  message.mutable_reject()->set_message(std::string(kMaxText + 1, 'a'));
  ExpectRefused(message, "message");
  message = reject;
  message.mutable_reject()->set_log_reason(std::string(kMaxText + 1, 'a'));
  ExpectRefused(message, "log_reason");
  for (const std::string& bad : {std::string(3, 'a'), std::string(4097, 'a')}) {
    message = accept;
    message.mutable_accept()->set_eap_message(bad);
    ExpectRefused(message, "accept.eap_message");
    message = reject;
    message.mutable_reject()->set_eap_message(bad);
    ExpectRefused(message, "reject.eap_message");
    message = ToProto(AuthorizeVerdict(AuthorizeChallenge{Bytes(5), {}, {}}));
    ExpectAccepted(message);
    message.mutable_challenge()->set_eap_message(bad);
    ExpectRefused(message, "challenge.eap_message");
  }
  message = ToProto(AuthorizeVerdict(AuthorizeChallenge{Bytes(5), Bytes(1025), {}}));
  ExpectRefused(message, "challenge.state");
  message = ToProto(AuthorizeVerdict(AuthorizeChallenge{}));
  ExpectRefused(message, "challenge.eap_message");
}

}  // namespace
}  // namespace sstpgw::contract
