// SPDX-License-Identifier: Apache-2.0
// Large pieces of memory that one prompt has left for the next. The kernel hands out every page cleared and on first touch, which
// costs a sixth of what a prompt of 2 MB costs in all.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace siltgate::flow {

class SpareMemory {
 public:
  static constexpr std::size_t most = std::size_t{8} << 20;       // bytes kept in all
  static constexpr std::size_t smallest = std::size_t{128} << 10;  // the allocator keeps smaller ones itself

  struct Piece {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

  /// At least `size` bytes with anything in them: of the smallest kept pieces that have room the one kept last, else a new one.
  Piece take(std::size_t size);
  /// Too much: the pieces that have lain here longest go.
  void keep(Piece piece);
  void clear();

  std::size_t kept() const { return kept_; }

 private:
  using Pieces = std::vector<Piece>;
  Piece remove(Pieces::iterator piece);

  Pieces pieces_;   // the oldest first
  std::size_t kept_ = 0;
};

}  // namespace siltgate::flow
