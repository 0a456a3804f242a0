#include "controlplane/radius/request_body.h"

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/secret_values.h"

namespace sstpgw::cp::radius {

RequestBody RequestBody::Copy() const {
  RequestBody copy{code, attributes, std::nullopt};
  if (password) copy.password = password->Copy();
  return copy;
}

Result<Packet> Fill(const RequestBody& body, const Envelope& envelope) {
  Packet packet{body.code, envelope.identifier, envelope.authenticator, body.attributes};
  if (body.password) {
    SG_ASSIGN_OR_RETURN(Bytes hidden, HideUserPassword(body.password->Reveal(),
                                                       {envelope.secret, envelope.authenticator}));
    packet.Add(kUserPassword, std::move(hidden));
  }
  return packet;
}

Result<Bytes> Seal(const RequestBody& body, const Envelope& envelope,
                   const VendorFormats& formats) {
  SG_ASSIGN_OR_RETURN(const Packet packet, Fill(body, envelope));
  return SignRequest(packet, envelope.secret, envelope.message_authenticator, formats);
}

}  // namespace sstpgw::cp::radius
