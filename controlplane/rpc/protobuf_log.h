// What the libraries below us, protobuf and gRPC, have to say goes to our log instead of standard
// error.
#pragma once

namespace sstpgw::cp {

// Once, before threads start. Callers' malformed messages are answered with a status anyway; the
// libraries' words about them are logged at level 5.
void LogLibraryMessages();

}  // namespace sstpgw::cp
