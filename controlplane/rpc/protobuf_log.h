// What the protobuf library has to say goes to our log instead of standard error.
#pragma once

namespace sstpgw::cp {

// Once, before threads start. Callers' malformed messages are answered with a status anyway; the
// library's words about them are logged at level 5.
void LogProtobufMessages();

}  // namespace sstpgw::cp
