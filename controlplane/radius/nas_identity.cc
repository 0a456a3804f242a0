#include "controlplane/radius/nas_identity.h"

#include "controlplane/radius/attribute_numbers.h"

namespace sstpgw::cp::radius {
namespace {

constexpr std::uint32_t kVirtual = 5;
constexpr std::uint32_t kFramed = 2;
constexpr std::uint32_t kPpp = 1;

}  // namespace

void AppendIdentity(const NasIdentity& nas, AttributeList& out) {
  AppendText(kNasIdentifier, nas.identifier, out);
  if (nas.ipv4_address) Append(kNasIpAddress, Ipv4Value(*nas.ipv4_address), out);
  if (nas.ipv6_address) Append(kNasIpv6Address, Ipv6Value(*nas.ipv6_address), out);
}

void AppendPlace(const NasIdentity& nas, const AccessPort& port, AttributeList& out) {
  AppendIdentity(nas, out);
  if (port.nas_port) AppendInteger(kNasPort, *port.nas_port, out);
  AppendText(kNasPortId, port.nas_port_id, out);
  AppendInteger(kNasPortType, kVirtual, out);
  AppendInteger(kServiceType, kFramed, out);
  AppendInteger(kFramedProtocol, kPpp, out);
  AppendText(kCallingStationId, port.calling_station, out);
  AppendText(kCalledStationId, port.called_station, out);
  if (nas.tunnel_type) AppendText(*nas.tunnel_type, "sstp", out);
}

}  // namespace sstpgw::cp::radius
