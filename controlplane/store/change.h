// What pure code wants kept on disk, as values: changes of rows in named tables, gathered into
// batches. A batch is applied as a whole or not at all, and batches in the order of their tickets;
// whoever holds the store says later up to which ticket all is durable.
//
// This header is the small interface between the control plane's pure parts and any store behind
// them (SQLite in controlplane/store, a map in tests). No I/O, no threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "proto/base/strong.h"
#include "proto/base/types.h"

namespace sstpgw::cp::store {

enum class Table : std::uint8_t {
  kSpool = 0,    // accounting records that no server has acknowledged yet
  kSession = 1,  // what is known of each accounted session
  kValue = 2,    // single values by name: last applied things, the counter of session ids
};
inline constexpr std::array kTables{Table::kSpool, Table::kSession, Table::kValue};

// Replaces what the key had.
struct Put {
  Table table = Table::kValue;
  std::string key;
  Bytes value;
  friend bool operator==(const Put&, const Put&) = default;
};
// A key that is not there is fine.
struct Erase {
  Table table = Table::kValue;
  std::string key;
  friend bool operator==(const Erase&, const Erase&) = default;
};
using Change = std::variant<Put, Erase>;
using ChangeList = std::vector<Change>;

// Numbers batches from 1 in the order they are handed out. 0: nothing, durable from the start.
using Ticket = Strong<struct TicketTag, std::uint64_t>;

// Gathers changes until they are handed out as one batch, and knows what is durable. Not
// thread-safe.
class Journal {
 public:
  void Put(Table table, std::string key, Bytes value) {
    gathered_.emplace_back(store::Put{table, std::move(key), std::move(value)});
  }
  void Erase(Table table, std::string key) {
    gathered_.emplace_back(store::Erase{table, std::move(key)});
  }

  // The ticket that changes said now will have.
  [[nodiscard]] Ticket current() const { return Ticket(taken_ + 1); }
  // All said so far is durable when this ticket is.
  [[nodiscard]] Ticket latest() const { return gathered_.empty() ? Ticket(taken_) : current(); }
  [[nodiscard]] Ticket committed() const { return committed_; }
  [[nodiscard]] bool IsDurable(Ticket ticket) const { return ticket <= committed_; }
  // Changes handed out or gathered that are not durable yet.
  [[nodiscard]] std::size_t behind() const { return taken_changes_ + gathered_.size(); }

  [[nodiscard]] bool empty() const { return gathered_.empty(); }
  // The batch with the ticket current() had; call only if not empty.
  [[nodiscard]] ChangeList Take() {
    ++taken_;
    taken_changes_ += gathered_.size();
    sizes_.emplace_back(taken_, gathered_.size());
    return std::exchange(gathered_, {});
  }
  // This batch and all before it are durable. One that was not handed out is not believed.
  void Committed(Ticket ticket) {
    std::size_t known = 0;
    while (known < sizes_.size() && sizes_[known].first <= ticket.value()) {
      taken_changes_ -= sizes_[known].second;
      committed_ = Ticket(sizes_[known].first);
      ++known;
    }
    sizes_.erase(sizes_.begin(), sizes_.begin() + static_cast<std::ptrdiff_t>(known));
  }

 private:
  ChangeList gathered_;
  std::uint64_t taken_ = 0;
  Ticket committed_;
  std::size_t taken_changes_ = 0;
  std::vector<std::pair<std::uint64_t, std::size_t>> sizes_;  // of batches not durable, ascending
};

}  // namespace sstpgw::cp::store
