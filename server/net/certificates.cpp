// SPDX-License-Identifier: Apache-2.0
#include "net/certificates.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>
#include <utility>

namespace siltgate::net {
namespace {

constexpr std::size_t longest_name = 128;

/// Of at most `most` bytes, cut between characters.
std::string shortened(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  text.resize(most);
  return text;
}

/// C0, DEL, and C1, which in UTF-8 are C2 80 to C2 9F.
std::string without_controls(std::string text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool second = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (second) text.erase(i, 1);
    if (second || c < 0x20 || c == 0x7f) text[i] = '?';
  }
  return text;
}

int no_password(char*, int, int, void*) { return 0; }

}  // namespace

std::string text_of(const ASN1_STRING* text) {
  unsigned char* utf8 = nullptr;
  const int size = text ? ASN1_STRING_to_UTF8(&utf8, text) : 0;
  if (size >= 0 && utf8) {
    const std::unique_ptr<unsigned char, void (*)(unsigned char*)> held(utf8, [](unsigned char* bytes) { OPENSSL_free(bytes); });
    return without_controls(std::string(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size)));
  }
  ERR_clear_error();
  if (!text) return {};
  std::string bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(ASN1_STRING_length(text)));
  for (char& c : bytes)
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  return without_controls(std::move(bytes));
}

std::string name_part(const X509_NAME* name, int kind) {
  const int at = X509_NAME_get_index_by_NID(name, kind, -1);
  if (at < 0) return {};
  return shortened(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))), longest_name);
}

std::string organisation_of(const X509_NAME* name) {
  const std::string organisation = name_part(name, NID_organizationName);
  return organisation.empty() ? name_part(name, NID_commonName) : organisation;
}

bool holds_certificates(const std::string& file, const std::string& folders) {
  std::error_code ignored;
  if (const auto size = std::filesystem::file_size(file, ignored); !ignored && size > 0) return true;
  std::stringstream list(folders);
  for (std::string folder; std::getline(list, folder, ':');)
    for (std::filesystem::directory_iterator entry(folder, ignored), end; !ignored && entry != end; entry.increment(ignored)) {
      const std::string name = entry->path().filename().string();   // "5ed36f99.0"
      if (name.size() > 9 && name.find_first_not_of("0123456789abcdef") == 8 && name[8] == '.') return true;
    }
  return false;
}

std::string empty_system_store() {
  const auto place = [](const char* variable, const char* usual) {
    const char* named = std::getenv(variable);
    return std::string(named && *named ? named : usual);
  };
  const std::string file = place(X509_get_default_cert_file_env(), X509_get_default_cert_file());
  const std::string folders = place(X509_get_default_cert_dir_env(), X509_get_default_cert_dir());
  return holds_certificates(file, folders) ? "" : file + " and " + folders;
}

std::string fault_of_certificates(std::string_view pem) {
  ERR_clear_error();
  const std::unique_ptr<BIO, int (*)(BIO*)> bytes(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  STACK_OF(X509_INFO)* all = PEM_X509_INFO_read_bio(bytes.get(), nullptr, no_password, nullptr);
  bool any = false;
  for (int i = 0; all && i < sk_X509_INFO_num(all); ++i) any = any || sk_X509_INFO_value(all, i)->x509;
  const bool read = all != nullptr;
  if (all) sk_X509_INFO_pop_free(all, X509_INFO_free);
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  const std::string why = read ? any ? "" : "holds no PEM certificate" : std::string("holds something that is no certificate: ") + (reason ? reason : "broken");
  ERR_clear_error();
  return why;
}

}  // namespace siltgate::net
