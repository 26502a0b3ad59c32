// SPDX-License-Identifier: Apache-2.0
#include "observe/sha256.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <new>
#include <stdexcept>

namespace siltgate::observe {
namespace {

/// Fetched once: EVP_sha256() would look the algorithm up at every start.
const EVP_MD* algorithm() {
  static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (!md) throw std::runtime_error("OpenSSL offers no SHA-256");
  return md;
}

EVP_MD_CTX* new_context() {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  if (!context) throw std::bad_alloc();
  return context;
}

constexpr std::string_view empty_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string to_hex(const unsigned char* bytes, std::size_t size) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out(size * 2, '0');
  for (std::size_t i = 0; i < size; ++i) {
    out[2 * i] = digits[bytes[i] >> 4];
    out[2 * i + 1] = digits[bytes[i] & 15];
  }
  return out;
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256(const Sha256& other) {
  if (!other.context_) return;
  context_.reset(new_context());
  EVP_MD_CTX_copy_ex(context_.get(), other.context_.get());
}

void Sha256::add(std::string_view bytes) {
  if (bytes.empty()) return;
  if (!context_) {
    context_.reset(new_context());
    EVP_DigestInit_ex(context_.get(), algorithm(), nullptr);
  }
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Sha256::hex() const {
  Sha256 copy(*this);
  return copy.end();
}

std::string Sha256::end() {
  if (!context_) return std::string(empty_hash);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(context_.get(), digest, &size);
  context_.reset();
  return to_hex(digest, size);
}

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, algorithm(), nullptr) != 1) throw std::bad_alloc();
  return to_hex(digest, size);
}

void HashPair::part() {
  out_ = std::make_unique<Sha256>(shared_);
  shared_.add(waiting_);
  waiting_ = {};
}

void HashPair::add_in(std::string_view bytes) {
  in_bytes_ += bytes.size();
  if (!out_ && waiting_.size() + bytes.size() > most_waiting) part();
  if (out_)
    shared_.add(bytes);
  else
    waiting_ += bytes;
}

void HashPair::add_out(std::string_view bytes) {
  if (bytes.empty()) return;
  out_bytes_ += bytes.size();
  if (!out_ && std::string_view(waiting_).substr(0, bytes.size()) != bytes) part();
  if (out_) {
    out_->add(bytes);
    return;
  }
  shared_.add(bytes);
  waiting_.erase(0, bytes.size());
  if (waiting_.empty()) waiting_ = {};
  give_room_back();
}

/// In the usual case what waited leaves in `first`, with the front of `in` behind it, and `second` is the part of `in` behind that.
void HashPair::relay(std::string_view in, std::string_view first, std::string_view second) {
  const std::size_t front = first.size() - std::min(first.size(), waiting_.size());
  const bool in_order = front <= in.size() && first.substr(0, first.size() - front) == waiting_ &&
                        first.substr(first.size() - front) == in.substr(0, front);
  const bool follows = in_order && (second.empty() || (second.data() == in.data() + front && second.size() <= in.size() - front));
  if (out_ || !follows || in.size() - front - second.size() > most_waiting) {
    add_in(in);
    add_out(first);
    add_out(second);
    return;
  }
  shared_.add(first);
  shared_.add(second);
  waiting_ = in.substr(front + second.size());
  give_room_back();
  in_bytes_ += in.size();
  out_bytes_ += first.size() + second.size();
}

/// A stream may rest for long from here on.
void HashPair::give_room_back() {
  if (waiting_.capacity() > 2 * waiting_.size() + roomy) waiting_.shrink_to_fit();
}

std::string HashPair::in_hex() const {
  if (waiting_.empty()) return shared_.hex();
  Sha256 all(shared_);
  all.add(waiting_);
  return all.hex();
}

std::pair<std::string, std::string> HashPair::end() {
  if (out_ || !waiting_.empty()) return {in_hex(), out_hex()};
  std::string both = shared_.end();
  return {both, both};
}

std::string HashPair::out_hex() const { return out_ ? out_->hex() : shared_.hex(); }

}  // namespace siltgate::observe
