#include "gateway/edge/session_object.h"

#include <cstdint>

// SG_SESSION_OBJECT is its path, from the build.
asm(".pushsection .rodata\n"
    ".balign 16\n"
    ".hidden sg_session_object\n"
    ".globl sg_session_object\n"
    "sg_session_object:\n"
    ".incbin \"" SG_SESSION_OBJECT
    "\"\n"
    ".hidden sg_session_object_end\n"
    ".globl sg_session_object_end\n"
    "sg_session_object_end:\n"
    ".byte 0\n"
    ".popsection\n");

extern "C" {
extern const std::uint8_t sg_session_object[];
extern const std::uint8_t sg_session_object_end[];
}

namespace sstpgw::edge {

ByteView SessionObject() { return {sg_session_object, sg_session_object_end}; }

}  // namespace sstpgw::edge
