#include "proto/contract/wipe.h"

namespace sstpgw::contract {
namespace {

TEST(Wipe, NothingOfTheSecretStaysInTheString) {
  std::string text = "a private key that is longer than a short string";
  const char* const begin = text.data();
  const std::size_t size = text.size();
  WipeString(&text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(text.data(), begin) << "the same memory";
  for (std::size_t i = 1; i < size; ++i) EXPECT_EQ(begin[i], '\0') << i;
}

TEST(Wipe, EveryMessageThatCarriesASecret) {
  pb::ToGateway order;
  WipeSecrets(&order);
  EXPECT_EQ(order.message_case(), pb::ToGateway::MESSAGE_NOT_SET) << "wiping adds nothing";
  order.mutable_settings()->mutable_settings()->mutable_tls()->set_private_key_pem("key");
  WipeSecrets(&order);
  EXPECT_EQ(order.settings().settings().tls().private_key_pem(), "");
  pb::AuthorizeRequest request;
  request.mutable_pap()->set_password("password");
  WipeSecrets(&request);
  EXPECT_EQ(request.pap().password(), "");
  request.mutable_eap()->set_message("packet with a password");
  WipeSecrets(&request);
  EXPECT_EQ(request.eap().message(), "");
  pb::AuthorizeResponse response;
  response.mutable_accept()->set_hlak("hlak");
  response.mutable_accept()->mutable_mppe()->set_send("send");
  response.mutable_accept()->mutable_mppe()->set_receive("receive");
  response.mutable_accept()->mutable_mppe()->set_lan_manager("lm");
  WipeSecrets(&response);
  EXPECT_EQ(response.accept().hlak(), "");
  EXPECT_EQ(response.accept().mppe().send(), "");
  EXPECT_EQ(response.accept().mppe().receive(), "");
  EXPECT_EQ(response.accept().mppe().lan_manager(), "");
}

}  // namespace
}  // namespace sstpgw::contract
