// One node of the schema seen through protobuf reflection: its key, kind and rules, and the check
// of a single value against them. All that reads or describes the tree goes through here.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "controlplane/config/schema.h"
#include "sstpgw/v1/annotations.pb.h"

namespace sstpgw::cp {

using Field = google::protobuf::FieldDescriptor;

[[nodiscard]] const v1::FieldRules& RulesOf(const Field& field);

// "client_ip_pool" -> "client-ip-pool".
[[nodiscard]] std::string KeyOf(const Field& field);

// A table is a protobuf map; its values are messages.
[[nodiscard]] NodeKind KindOf(const Field& field);

// A list, as opposed to a table.
[[nodiscard]] bool IsList(const Field& field);

// For people: "68..1500", "pap | chap", "IPv4 address", "text of up to 255 octets".
[[nodiscard]] std::string AllowedText(const Field& field);

// Stores one value, written as `text`, in the leaf `field` of `message` (appends if it is a list).
// Returns an empty string, or the clause that says why it was not stored.
[[nodiscard]] std::string StoreText(google::protobuf::Message& message, const Field& field,
                                    std::string_view text);

// Sets every leaf that is not set and has a default, in `message` and all groups below it.
void ApplyDefaults(google::protobuf::Message& message);

// Overwrites every secret in `message` and below it.
void WipeSecrets(google::protobuf::Message& message);

}  // namespace sstpgw::cp
