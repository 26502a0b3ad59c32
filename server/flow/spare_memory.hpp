// SPDX-License-Identifier: Apache-2.0
// Large pieces of memory that one prompt has left for the next. The kernel hands out every page cleared and on first touch, which
// costs a sixth of what a prompt of 2 MB costs in all. Such a piece takes memory whether its new prompt has filled it or not, which
// limits.request_bodies does not see: so all of them together are bounded here, those in use with those that wait.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace siltgate::flow {

class SpareMemory {
 public:
  static constexpr std::size_t most = std::size_t{12} << 20;       // bytes kept and lent in all
  static constexpr std::size_t smallest = std::size_t{128} << 10;  // the allocator keeps smaller ones itself

  struct Piece {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
    bool lent = false;     // it was kept here before
  };

  /// At least `size` bytes with anything in them: of the smallest kept pieces that have room the one kept last, else a new one.
  Piece take(std::size_t size);
  /// A piece that is no longer needed; every one that was lent must come back. Too much: those that have lain here longest go.
  void keep(Piece piece);
  /// Gives back to the system what is kept.
  void clear();

  std::size_t kept() const { return kept_; }

 private:
  using Pieces = std::vector<Piece>;
  Piece remove(Pieces::iterator piece);

  Pieces pieces_;   // the oldest first
  std::size_t kept_ = 0, lent_ = 0;
};

}  // namespace siltgate::flow
