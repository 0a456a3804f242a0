// Attributes put into a list one after the other. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "controlplane/radius/attribute_values.h"
#include "controlplane/radius/packet.h"

namespace sstpgw::cp::radius {

using AttributeList = std::vector<Attribute>;

inline void Append(AttributeKey key, Bytes value, AttributeList& out) {
  out.push_back({key.vendor, key.type, std::move(value)});
}

// Nothing if the text is empty.
inline void AppendText(AttributeKey key, std::string_view text, AttributeList& out) {
  if (!text.empty()) Append(key, TextValue(text), out);
}

inline void AppendInteger(AttributeKey key, std::uint32_t value, AttributeList& out) {
  Append(key, IntegerValue(value), out);
}

}  // namespace sstpgw::cp::radius
