#include "proto/contract/wipe.h"

#include "proto/base/secret.h"

namespace sstpgw::contract {

void WipeString(std::string* text) {
  SecureWipe({reinterpret_cast<std::uint8_t*>(text->data()), text->size()});
  text->clear();
}

void WipeSecrets(pb::GatewaySettings* settings) {
  if (settings->has_tls()) WipeString(settings->mutable_tls()->mutable_private_key_pem());
}

void WipeSecrets(pb::ToGateway* message) {
  if (message->has_settings()) WipeSecrets(message->mutable_settings()->mutable_settings());
}

void WipeSecrets(pb::AuthorizeRequest* request) {
  if (request->has_pap()) WipeString(request->mutable_pap()->mutable_password());
  if (request->has_eap()) WipeString(request->mutable_eap()->mutable_message());
}

void WipeSecrets(pb::AuthorizeResponse* response) {
  if (!response->has_accept()) return;
  WipeString(response->mutable_accept()->mutable_hlak());
  if (!response->accept().has_mppe()) return;
  pb::MppeKeys& keys = *response->mutable_accept()->mutable_mppe();
  WipeString(keys.mutable_send());
  WipeString(keys.mutable_receive());
  WipeString(keys.mutable_lan_manager());
}

}  // namespace sstpgw::contract
