// SPDX-License-Identifier: Apache-2.0
#include "shared/redis_address.hpp"

#include <charconv>

#include "base/ascii.hpp"
#include "base/url.hpp"

namespace siltgate::shared {
namespace {

bool read_database(std::string_view text, int& into) {
  if (text.empty()) return true;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size() && into >= 0 && into < 100'000;
}

/// A user name alone is a password, as in redis://secret@host: with one user there was none to name.
void read_credentials(std::string_view text, RedisAddress& into) {
  const auto colon = text.find(':');
  if (colon != std::string_view::npos) into.user = percent_decoded(text.substr(0, colon));
  into.password = percent_decoded(colon == std::string_view::npos ? text : text.substr(colon + 1));
}

bool read_socket(std::string_view path, RedisAddress& into) {
  const auto question = path.find('?');
  if (question != std::string_view::npos) {
    std::string_view query = path.substr(question + 1);
    if (!query.starts_with("db=") || !read_database(query.substr(3), into.database)) return false;
    path = path.substr(0, question);
  }
  into.socket = std::string(path);
  return path.size() > 1 && path.front() == '/' && path.size() < 104;
}

bool read_host(std::string_view text, RedisAddress& into) {
  const auto slash = std::min(text.find('/'), text.size());
  const auto authority = text.substr(0, slash);
  const auto url = parse_url("http://" + std::string(authority));
  if (!url) return false;
  into.host = url->host;
  if (url->port != 80 || authority.ends_with(":80")) into.port = url->port;  // 80 is what parse_url() takes when none is given
  return read_database(text.substr(std::min(text.size(), slash + 1)), into.database);
}

}  // namespace

std::string RedisAddress::shown() const {
  if (!socket.empty()) return "unix://" + socket + (database ? "?db=" + std::to_string(database) : "");
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return (tls ? "rediss://" : "redis://") + name + ":" + std::to_string(port) + "/" + std::to_string(database);
}

std::optional<RedisAddress> parse_redis_address(std::string_view text) {
  RedisAddress address;
  const auto mark = text.find("://");
  if (mark == std::string_view::npos) return {};
  const auto scheme = text.substr(0, mark);
  text.remove_prefix(mark + 3);
  address.tls = scheme == "rediss";
  const bool unix_socket = scheme == "unix";
  if (!address.tls && !unix_socket && scheme != "redis") return {};
  // A password may hold '@'; a path of a socket rather not.
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    read_credentials(text.substr(0, at), address);
    text.remove_prefix(at + 1);
  }
  const bool sound = unix_socket ? read_socket(text, address) : read_host(text, address);
  if (!sound) return {};
  return address;
}

}  // namespace siltgate::shared
