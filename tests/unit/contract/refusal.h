// Checks that a message is refused as invalid, with the field's name in the reason.
#pragma once

#include <string>

#include "proto/contract/convert.h"

namespace sstpgw::contract {

template <class Message>
void ExpectRefused(const Message& message, const std::string& field) {
  const auto result = FromProto(message);
  ASSERT_FALSE(result.has_value()) << "accepted in spite of " << field;
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(result.error().message.find(field), std::string::npos) << result.error().message;
}

template <class Message>
void ExpectAccepted(const Message& message) {
  const auto result = FromProto(message);
  EXPECT_TRUE(result.has_value()) << result.error().message;
}

}  // namespace sstpgw::contract
