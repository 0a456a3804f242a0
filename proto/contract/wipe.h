// Messages do not wipe what they hold; whoever is done with one that carries secrets calls this.
#pragma once

#include <string>

#include "sstpgw/v1/session.pb.h"

namespace sstpgw::contract {

namespace pb = ::sstpgw::v1;

// Overwritten and emptied.
void WipeString(std::string* text);

void WipeSecrets(pb::GatewaySettings* settings);  // the private key
void WipeSecrets(pb::ToGateway* message);
void WipeSecrets(pb::AuthorizeRequest* request);    // PAP's password, EAP's packet
void WipeSecrets(pb::AuthorizeResponse* response);  // HLAK

}  // namespace sstpgw::contract
