// SPDX-License-Identifier: Apache-2.0
#include "net/certificates.hpp"

#include <fstream>
#include <memory>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "unit/settings/corporate_pem.hpp"

using namespace siltgate::net;

namespace {

/// The name as it comes back when it was written in this coding.
std::string organisation_written(int coding, std::string_view bytes) {
  std::unique_ptr<X509_NAME, decltype(&X509_NAME_free)> name(X509_NAME_new(), &X509_NAME_free);
  X509_NAME_add_entry_by_NID(name.get(), NID_organizationName, coding, reinterpret_cast<const unsigned char*>(bytes.data()),
                             static_cast<int>(bytes.size()), -1, 0);
  return organisation_of(name.get());
}

}  // namespace

TEST_CASE("names in certificates are UTF-8, whatever they were written in", "[net]") {
  using namespace std::string_view_literals;
  CHECK(organisation_written(V_ASN1_UTF8STRING, "Z\xc3\xbcrich GmbH") == "Z\xc3\xbcrich GmbH");
  CHECK(organisation_written(V_ASN1_T61STRING, "Z\xfcrich GmbH") == "Z\xc3\xbcrich GmbH");
  CHECK(organisation_written(V_ASN1_BMPSTRING, "\0Z\0\xfc\0r"sv) == "Z\xc3\xbcr");
  CHECK(organisation_written(V_ASN1_PRINTABLESTRING, "ACME Filter") == "ACME Filter");
}

TEST_CASE("names in certificates steer no terminal and forge no line", "[net]") {
  CHECK(organisation_written(V_ASN1_UTF8STRING, "a\x1b[31mb\nc\x7f") == "a?[31mb?c?");
  CHECK(organisation_written(V_ASN1_UTF8STRING, "a\xc2\x9b" "1m") == "a?1m");   // C1
  CHECK(organisation_written(V_ASN1_UTF8STRING, "a\xff" "b") == "a?b");          // ill-formed
  CHECK(organisation_written(V_ASN1_UTF8STRING, std::string(127, 'x') + "\xc3\xbc") == std::string(127, 'x'));
}

TEST_CASE("a name without an organisation is its common name", "[net]") {
  std::unique_ptr<X509_NAME, decltype(&X509_NAME_free)> name(X509_NAME_new(), &X509_NAME_free);
  CHECK(organisation_of(name.get()) == "");
  X509_NAME_add_entry_by_txt(name.get(), "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("ca"), -1, -1, 0);
  CHECK(organisation_of(name.get()) == "ca");
}

TEST_CASE("an empty store is told from one that holds something", "[net]") {
  const siltgate::test::TemporaryFolder folder;
  const std::string file = folder.path() + "/cert.pem", named = folder.path() + "/5ed36f99.0";
  CHECK_FALSE(holds_certificates(file, folder.path()));
  CHECK_FALSE(holds_certificates("", "/none:" + folder.path()));
  std::ofstream(folder.path() + "/README") << "no certificate";
  CHECK_FALSE(holds_certificates(file, folder.path()));
  std::ofstream(named) << "x";
  CHECK(holds_certificates(file, "/none:" + folder.path()));
  CHECK_FALSE(holds_certificates(file, "/none"));
  std::ofstream(file) << "x";
  CHECK(holds_certificates(file, "/none"));
}

TEST_CASE("a file to trust must hold a certificate, and nothing broken", "[net]") {
  const std::string sound = siltgate::test::corporate_pem;
  const std::string key = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n";
  CHECK(fault_of_certificates(sound) == "");
  CHECK(fault_of_certificates("some words\n" + sound + sound) == "");
  CHECK(fault_of_certificates("") == "holds no PEM certificate");
  CHECK(fault_of_certificates("hello") == "holds no PEM certificate");
  CHECK(fault_of_certificates(key) != "");
  CHECK(fault_of_certificates(sound + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") != "");
  CHECK(fault_of_certificates(sound.substr(0, sound.size() / 2)) != "");
}
