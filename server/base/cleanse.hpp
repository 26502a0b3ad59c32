// SPDX-License-Identifier: Apache-2.0
// Overwrites a secret before its memory is let go, in a way no optimiser takes out. Does not know what the secret is for.
#pragma once

#include <openssl/crypto.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace siltgate {

/// All that `text` has room for, then empty: what an earlier, longer value left behind goes too.
inline void cleanse(std::string& text) {
  OPENSSL_cleanse(text.data(), text.capacity());
  text.clear();
}

/// text += more. Where that needs new memory, the old is overwritten.
inline void append_cleansing(std::string& text, std::string_view more) {
  if (const std::size_t size = text.size() + more.size(); size > text.capacity()) {
    std::string larger;
    larger.reserve(std::max(size, 2 * text.capacity()));
    larger += text;
    text.swap(larger);
    cleanse(larger);
  }
  text += more;
}

/// Memory that may hold secrets: overwritten when it is given back.
template <class T>
struct CleansingAllocator {
  using value_type = T;
  CleansingAllocator() = default;
  template <class U>
  CleansingAllocator(const CleansingAllocator<U>&) {}

  T* allocate(std::size_t n) { return std::allocator<T>().allocate(n); }
  void deallocate(T* p, std::size_t n) {
    OPENSSL_cleanse(static_cast<void*>(p), n * sizeof(T));
    std::allocator<T>().deallocate(p, n);
  }
  bool operator==(const CleansingAllocator&) const { return true; }
};

/// A list of secret values, each overwritten when it is let go.
class Secrets {
 public:
  Secrets() = default;
  Secrets(std::initializer_list<std::string> values) : values_(values) {}
  Secrets(const Secrets&) = default;
  Secrets(Secrets&&) = default;
  Secrets& operator=(Secrets other) {
    values_.swap(other.values_);
    return *this;
  }
  ~Secrets() {
    for (std::string& value : values_) cleanse(value);
  }

  /// An empty value is no secret.
  void add(std::string_view value) {
    if (!value.empty()) values_.emplace_back(value);
  }
  operator std::span<const std::string>() const { return values_; }

 private:
  std::vector<std::string, CleansingAllocator<std::string>> values_;
};

}  // namespace siltgate
