# cmake -DOUTPUT=file.cc -DFILES="a;b" -P embed_text.cmake: text files as string literals of a C++ source.
set(entries "")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND entries "    {\"${name}\", R\"sg(${text})sg\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"controlplane/radius/dictionary_reader.h\"

namespace sstpgw::cp::radius {
namespace {
constexpr EmbeddedFile kFiles[] = {
${entries}};
}  // namespace
std::span<const EmbeddedFile> EmbeddedDictionaries() { return kFiles; }
}  // namespace sstpgw::cp::radius
")
