#include "gateway/datapath/uplink_counters.h"

namespace sstpgw::datapath {

UplinkCounters& UplinkCounters::operator+=(const UplinkCounters& other) {
  packets += other.packets;
  bytes += other.bytes;
  dropped_before_binding += other.dropped_before_binding;
  dropped_before_activation += other.dropped_before_activation;
  dropped_closed += other.dropped_closed;
  dropped_spoofed += other.dropped_spoofed;
  dropped_malformed += other.dropped_malformed;
  dropped_interface += other.dropped_interface;
  dropped_limit += other.dropped_limit;
  dropped_not_negotiated += other.dropped_not_negotiated;
  dropped_link_local += other.dropped_link_local;
  dropped_unencrypted += other.dropped_unencrypted;
  dropped_mppe += other.dropped_mppe;
  ipv6_control += other.ipv6_control;
  return *this;
}

}  // namespace sstpgw::datapath
