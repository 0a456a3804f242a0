// Numbers of the attributes this product gives a meaning to (features Annex C). Their names and
// types for people are in dictionaries/.
#pragma once

#include <cstdint>

#include "controlplane/radius/error_cause.h"
#include "controlplane/radius/packet.h"

namespace sstpgw::cp::radius {

inline constexpr AttributeKey kUserName{0, 1};
inline constexpr AttributeKey kUserPassword{0, 2};
inline constexpr AttributeKey kChapPassword{0, 3};
inline constexpr AttributeKey kNasIpAddress{0, 4};
inline constexpr AttributeKey kNasPort{0, 5};
inline constexpr AttributeKey kServiceType{0, 6};
inline constexpr AttributeKey kFramedProtocol{0, 7};
inline constexpr AttributeKey kFramedIpAddress{0, 8};
inline constexpr AttributeKey kFramedIpNetmask{0, 9};
inline constexpr AttributeKey kFilterId{0, 11};
inline constexpr AttributeKey kFramedMtu{0, 12};
inline constexpr AttributeKey kReplyMessage{0, 18};
inline constexpr AttributeKey kFramedRoute{0, 22};
inline constexpr AttributeKey kState{0, 24};
inline constexpr AttributeKey kClass{0, 25};
inline constexpr AttributeKey kVendorSpecific{0, 26};
inline constexpr AttributeKey kSessionTimeout{0, 27};
inline constexpr AttributeKey kIdleTimeout{0, 28};
inline constexpr AttributeKey kTerminationAction{0, 29};
inline constexpr AttributeKey kCalledStationId{0, 30};
inline constexpr AttributeKey kCallingStationId{0, 31};
inline constexpr AttributeKey kNasIdentifier{0, 32};
inline constexpr AttributeKey kProxyState{0, 33};
inline constexpr AttributeKey kAcctStatusType{0, 40};
inline constexpr AttributeKey kAcctDelayTime{0, 41};
inline constexpr AttributeKey kAcctInputOctets{0, 42};
inline constexpr AttributeKey kAcctOutputOctets{0, 43};
inline constexpr AttributeKey kAcctSessionId{0, 44};
inline constexpr AttributeKey kAcctAuthentic{0, 45};
inline constexpr AttributeKey kAcctSessionTime{0, 46};
inline constexpr AttributeKey kAcctInputPackets{0, 47};
inline constexpr AttributeKey kAcctOutputPackets{0, 48};
inline constexpr AttributeKey kAcctTerminateCause{0, 49};
inline constexpr AttributeKey kAcctInputGigawords{0, 52};
inline constexpr AttributeKey kAcctOutputGigawords{0, 53};
inline constexpr AttributeKey kEventTimestamp{0, 55};
inline constexpr AttributeKey kChapChallenge{0, 60};
inline constexpr AttributeKey kNasPortType{0, 61};
inline constexpr AttributeKey kTunnelPassword{0, 69};
inline constexpr AttributeKey kEapMessage{0, 79};
inline constexpr AttributeKey kMessageAuthenticator{0, 80};
inline constexpr AttributeKey kAcctInterimInterval{0, 85};
inline constexpr AttributeKey kNasPortId{0, 87};
inline constexpr AttributeKey kFramedPool{0, 88};
inline constexpr AttributeKey kNasIpv6Address{0, 95};
inline constexpr AttributeKey kFramedInterfaceId{0, 96};
inline constexpr AttributeKey kFramedIpv6Prefix{0, 97};
inline constexpr AttributeKey kFramedIpv6Route{0, 99};
inline constexpr AttributeKey kFramedIpv6Pool{0, 100};
inline constexpr AttributeKey kErrorCause{0, 101};
inline constexpr AttributeKey kDelegatedIpv6Prefix{0, 123};
inline constexpr AttributeKey kFramedIpv6Address{0, 168};
inline constexpr AttributeKey kDnsServerIpv6Address{0, 169};
inline constexpr AttributeKey kRouteIpv6Information{0, 170};
inline constexpr AttributeKey kDelegatedIpv6PrefixPool{0, 171};
inline constexpr AttributeKey kStatefulIpv6AddressPool{0, 172};

inline constexpr std::uint32_t kVendorCisco = 9;
inline constexpr std::uint32_t kVendorMicrosoft = 311;
inline constexpr std::uint32_t kVendorMikrotik = 14988;
inline constexpr std::uint32_t kVendorAccelPpp = 55999;

inline constexpr AttributeKey kCiscoAvPair{kVendorCisco, 1};
inline constexpr AttributeKey kMsChapResponse{kVendorMicrosoft, 1};
inline constexpr AttributeKey kMsChapError{kVendorMicrosoft, 2};
inline constexpr AttributeKey kMsMppeEncryptionPolicy{kVendorMicrosoft, 7};
inline constexpr AttributeKey kMsMppeEncryptionTypes{kVendorMicrosoft, 8};
inline constexpr AttributeKey kMsChapChallenge{kVendorMicrosoft, 11};
inline constexpr AttributeKey kMsChapMppeKeys{kVendorMicrosoft, 12};
inline constexpr AttributeKey kMsMppeSendKey{kVendorMicrosoft, 16};
inline constexpr AttributeKey kMsMppeRecvKey{kVendorMicrosoft, 17};
inline constexpr AttributeKey kMsChap2Response{kVendorMicrosoft, 25};
inline constexpr AttributeKey kMsChap2Success{kVendorMicrosoft, 26};
inline constexpr AttributeKey kMsPrimaryDnsServer{kVendorMicrosoft, 28};
inline constexpr AttributeKey kMsSecondaryDnsServer{kVendorMicrosoft, 29};
inline constexpr AttributeKey kMsPrimaryNbnsServer{kVendorMicrosoft, 30};
inline constexpr AttributeKey kMsSecondaryNbnsServer{kVendorMicrosoft, 31};
inline constexpr AttributeKey kMikrotikRateLimit{kVendorMikrotik, 8};
inline constexpr AttributeKey kAccelVrfName{kVendorAccelPpp, 1};

}  // namespace sstpgw::cp::radius
