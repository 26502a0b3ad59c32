// SPDX-License-Identifier: Apache-2.0
// SHA-256 as bytes come, and the pair of hashes of what was received and what was delivered. OpenSSL stays in the .cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

struct evp_md_ctx_st;   // OpenSSL's EVP_MD_CTX

namespace siltgate::observe {

/// A running SHA-256. Allocates on the first byte.
class Sha256 {
 public:
  Sha256() = default;
  Sha256(const Sha256& other);             // copies the running state
  Sha256& operator=(const Sha256&) = delete;
  Sha256(Sha256&&) noexcept = default;
  Sha256& operator=(Sha256&&) noexcept = default;

  void add(std::string_view bytes);
  /// 64 lower-case hex digits of everything added so far; more may be added afterwards.
  std::string hex() const;
  /// The same at half the price; what is added later begins a new hash.
  std::string end();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// In one call.
std::string sha256_hex(std::string_view bytes);

/// SHA-256 of the bytes received and of the bytes delivered, at the price of one while the delivered bytes are the
/// received ones (engineering note: one running hash serves both until they first differ). Received bytes that are not
/// yet delivered wait here, at most `most_waiting`; beyond it two hashes run. siltgate's own insertions are not added.
class HashPair {
 public:
  static constexpr std::size_t most_waiting = 64 * 1024;
  static constexpr std::size_t roomy = 4 * 1024;   // more unused room than this is given back

  void add_in(std::string_view bytes);
  void add_out(std::string_view bytes);
  /// One read and what left because of it; the usual case copies only what is held back.
  void relay(std::string_view in, std::string_view first, std::string_view second);

  /// A new attempt begins: what came before counts for nothing.
  void reset() { *this = HashPair{}; }

  std::string in_hex() const;
  std::string out_hex() const;
  /// Both, once nothing more comes.
  std::pair<std::string, std::string> end();
  std::uint64_t in_bytes() const { return in_bytes_; }
  std::uint64_t out_bytes() const { return out_bytes_; }
  /// Delivered and received are the same so far.
  bool equal() const { return in_bytes_ == out_bytes_ && (!out_ || in_hex() == out_hex()); }

 private:
  void part();
  void give_room_back();

  Sha256 shared_;                          // received and delivered alike; once parted, received alone
  std::unique_ptr<Sha256> out_;            // set once they parted
  std::string waiting_;                    // received, not delivered, not hashed; empty once parted
  std::uint64_t in_bytes_ = 0, out_bytes_ = 0;
};

}  // namespace siltgate::observe
