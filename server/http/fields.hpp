// SPDX-License-Identifier: Apache-2.0
// Header fields in arrival order, stored in one buffer. Names compare without case (RFC 9110, 5.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cleanse.hpp"

namespace siltgate::http {

struct Field {
  std::string_view name;
  std::string_view value;
};

/// ASCII case-insensitive equality.
bool same_name(std::string_view a, std::string_view b);

class Fields {
 public:
  Fields() = default;
  Fields(const Fields&) = default;
  Fields(Fields&&) = default;
  Fields& operator=(Fields other) {
    text_.swap(other.text_);
    slices_.swap(other.slices_);
    return *this;
  }
  ~Fields() { cleanse(text_); }  // keys are among the values

  /// Views handed out earlier stay valid only until the next add().
  void add(std::string_view name, std::string_view value);
  /// Removes every field of this name.
  void erase(std::string_view name);
  /// The first value of this name.
  std::optional<std::string_view> find(std::string_view name) const;
  int count(std::string_view name) const;
  std::size_t size() const { return slices_.size(); }
  Field operator[](std::size_t i) const;

 private:
  struct Slice {
    std::uint32_t name_at, name_size, value_at, value_size;
  };
  std::string text_;
  std::vector<Slice> slices_;
};

}  // namespace siltgate::http
