// A place where rows survive the process: what stands behind the changes of change.h. One thread at
// a time.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "controlplane/store/change.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::cp::store {

class Store {
 public:
  using Visit = std::function<void(const std::string& key, ByteView value)>;

  virtual ~Store() = default;

  // Applies the batches in their order, all of them or none; durable when it returns. On an error
  // nothing has changed, and trying again may help: kResourceExhausted (disk or file full),
  // kPermissionDenied (read-only), kSystem.
  [[nodiscard]] virtual Result<void> Apply(std::span<const ChangeList> batches) = 0;
  // Every row of a table in the order of its keys. `visit` may keep no view and change nothing.
  [[nodiscard]] virtual Result<void> ForEach(Table table, const Visit& visit) = 0;
};

}  // namespace sstpgw::cp::store
