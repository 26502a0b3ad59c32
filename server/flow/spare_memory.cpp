// SPDX-License-Identifier: Apache-2.0
#include "flow/spare_memory.hpp"

#include <utility>

namespace siltgate::flow {

SpareMemory::Piece SpareMemory::remove(Pieces::iterator piece) {
  Piece removed = std::move(*piece);
  pieces_.erase(piece);
  kept_ -= removed.size;
  return removed;
}

SpareMemory::Piece SpareMemory::take(std::size_t size) {
  auto best = pieces_.end();
  for (auto piece = pieces_.begin(); piece != pieces_.end(); ++piece)
    if (piece->size >= size && (best == pieces_.end() || piece->size <= best->size)) best = piece;
  if (size < smallest || best == pieces_.end()) return {std::unique_ptr<char[]>(new char[size]), size};  // not cleared
  Piece lent = remove(best);
  lent_ += lent.size;
  lent.lent = true;
  return lent;
}

void SpareMemory::keep(Piece piece) {
  if (std::exchange(piece.lent, false)) lent_ -= piece.size;
  if (piece.size < smallest || lent_ + piece.size > most) return;
  while (lent_ + kept_ + piece.size > most) remove(pieces_.begin());
  kept_ += piece.size;
  pieces_.push_back(std::move(piece));
}

void SpareMemory::clear() {
  Pieces().swap(pieces_);
  kept_ = 0;
}

}  // namespace siltgate::flow
