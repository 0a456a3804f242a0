#include "controlplane/radius/identifier_pool.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace sstpgw::cp::radius {
namespace {

// All identifiers in an order that nobody can foretell.
std::array<std::uint8_t, 256> Shuffled(Entropy& entropy) {
  std::array<std::uint8_t, 256> order{};
  std::iota(order.begin(), order.end(), std::uint8_t{0});
  std::array<std::uint8_t, 512> random{};
  entropy.Fill(random);
  for (std::size_t i = order.size() - 1; i > 0; --i) {
    const std::size_t number = random[2 * i] | static_cast<std::size_t>(random[2 * i + 1]) << 8;
    std::swap(order[i], order[number % (i + 1)]);
  }
  return order;
}

}  // namespace

bool IdentifierPool::WantsSocket(TimePoint now) const {
  if (!MayGrow(now)) return false;
  if (free_.empty()) return true;
  const auto& since = free_.front().since;
  return since && now - *since < kRest;
}

void IdentifierPool::AddSocket(SocketId socket, Entropy& entropy, TimePoint now) {
  auto fresh = std::make_unique<Socket>();
  fresh->last_use = now;
  sockets_[socket] = std::move(fresh);
  for (const std::uint8_t identifier : Shuffled(entropy)) {
    free_.push_front({Slot{socket, identifier}, std::nullopt});
  }
}

std::optional<Slot> IdentifierPool::Take() {
  if (free_.empty()) return std::nullopt;
  const Slot slot = free_.front().slot;
  free_.pop_front();
  ++sockets_[slot.socket]->in_use;
  return slot;
}

void IdentifierPool::Release(Slot slot, TimePoint now) {
  const auto socket = sockets_.find(slot.socket);
  if (socket == sockets_.end()) return;
  --socket->second->in_use;
  socket->second->last_use = now;
  free_.push_back({slot, now});
}

SlotUse* IdentifierPool::Find(Slot slot) {
  const auto socket = sockets_.find(slot.socket);
  return socket == sockets_.end() ? nullptr : &socket->second->uses[slot.identifier];
}

void IdentifierPool::RemoveSocket(SocketId socket) {
  sockets_.erase(socket);
  std::erase_if(free_, [socket](const Free& free) { return free.slot.socket == socket; });
}

void IdentifierPool::SocketFailed(SocketId socket, TimePoint now) {
  RemoveSocket(socket);
  no_growth_until_ = now + kSocketPenalty;
}

std::vector<SocketId> IdentifierPool::RemoveIdle(TimePoint now) {
  std::vector<SocketId> idle;
  for (const auto& [id, socket] : sockets_) {
    if (socket->in_use == 0 && now - socket->last_use >= kIdle) idle.push_back(id);
  }
  for (const SocketId id : idle) RemoveSocket(id);
  return idle;
}

std::vector<SocketId> IdentifierPool::Sockets() const {
  std::vector<SocketId> all;
  for (const auto& [id, socket] : sockets_) all.push_back(id);
  return all;
}

}  // namespace sstpgw::cp::radius
