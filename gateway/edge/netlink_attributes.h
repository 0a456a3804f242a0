// Attributes of netlink messages (netlink(7)), one after the other: length (2) type (2) value,
// padded to 4. Pure.
#pragma once

#include <linux/netlink.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "proto/base/types.h"

namespace sstpgw::edge {

// Calls visit(type, value) for each attribute; stops at the first one that does not fit.
template <class Visit>
void ForEachAttribute(ByteView attributes, Visit visit) {
  while (attributes.size() >= sizeof(nlattr)) {
    nlattr header{};
    std::memcpy(&header, attributes.data(), sizeof(header));
    if (header.nla_len < sizeof(header) || header.nla_len > attributes.size()) return;
    visit(static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK),
          attributes.subspan(sizeof(header), header.nla_len - sizeof(header)));
    const std::size_t padded = (std::size_t{header.nla_len} + 3) & ~std::size_t{3};
    attributes = attributes.subspan(std::min(padded, attributes.size()));
  }
}

}  // namespace sstpgw::edge
