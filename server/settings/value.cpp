// SPDX-License-Identifier: Apache-2.0
#include "settings/value.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "settings/address.hpp"
#include "settings/secrets.hpp"
#include "settings/suggest.hpp"
#include "shared/redis_address.hpp"

namespace siltgate::settings {
namespace {

std::string quoted_text(const std::string& text) { return '"' + text.substr(0, 60) + (text.size() > 60 ? "…" : "") + '"'; }

std::optional<std::int64_t> whole(const std::string& text) {
  std::int64_t out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return {};
  return out;
}

std::vector<std::string> word_list(const Field& field) {
  std::vector<std::string> out;
  for (const Word& word : field.words) out.emplace_back(word.name);
  return out;
}

bool is_list(Type type) { return type == Type::networks || type == Type::hosts || type == Type::texts; }
bool control_character(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

class Reader {
 public:
  Reader(const Field& field, const Node& node, const Slot& slot, const Machine& machine)
      : field_(field), node_(node), slot_(slot), machine_(machine) {}

  ValueReading run() {
    if (node_.kind == Kind::broken) return std::move(out_);  // the parser complained already
    switch (field_.type) {
      case Type::boolean: boolean(); break;
      case Type::integer: integer(); break;
      case Type::concurrency: concurrency(); break;
      case Type::networks:
      case Type::hosts:
      case Type::texts: list(); break;
      default: string(); break;
    }
    return std::move(out_);
  }

 private:
  void complain(Span span, std::string message) { out_.complaints.push_back({span, std::move(message)}); }
  void complain(std::string message) { complain(node_.span, std::move(message)); }
  std::string key() const {
    const auto last = last_component(field_.path);
    if (last != "*") return std::string(last);
    return field_.type == Type::secret ? "a token" : "the value";
  }
  void mismatch(const std::string& advice = "") {
    complain(key() + " takes " + expectation(field_) + ", not " + found_text(node_, field_.type == Type::secret) +
             (advice.empty() ? "" : "; " + advice));
  }
  template <class T>
  void put(T value) {
    *std::get<T*>(slot_) = std::move(value);
    out_.set = true;
  }

  void boolean() {
    if (node_.kind == Kind::boolean) return put(node_.text == "true");
    const bool word = node_.kind == Kind::string && (node_.text == "true" || node_.text == "false");
    mismatch(word ? "write " + node_.text + " without quotes" : "");
  }

  /// Checks the range; zero is allowed where the table says what it means.
  bool in_range(std::int64_t value) {
    if (value == 0 && !field_.zero.empty()) return true;
    if (value >= field_.min && value <= field_.max) return true;
    out_of_range();
    return false;
  }
  void out_of_range() {
    const bool cap = field_.type == Type::concurrency;
    complain(key() + " is out of range: it goes " + (cap ? "from 1 to " + std::to_string(field_.max) : range_text(field_)));
  }

  void put_integer(std::int64_t value) {
    if (std::holds_alternative<int*>(slot_))
      put(static_cast<int>(value));
    else
      put(value);
  }

  void integer() {
    const auto value = whole(node_.text);
    if (node_.kind == Kind::string && value) return mismatch("write " + node_.text + " without quotes");
    if (node_.kind != Kind::number) return mismatch();
    const bool plain = node_.text.find_first_of(".eE") == std::string::npos;  // too long for 64 bits, then
    if (!value && plain) return out_of_range();
    if (!value) return mismatch("fractions and exponents are not taken");
    if (in_range(*value)) put_integer(*value);
  }

  void concurrency() {
    using schedule::Concurrency;
    if (node_.kind == Kind::string) {
      if (node_.text == "auto") return put(Concurrency{Concurrency::Mode::automatic, 0});
      if (whole(node_.text)) return mismatch("write " + node_.text + " without quotes");
      return mismatch(nearest(node_.text, {"auto"}).empty() ? "" : "did you mean \"auto\"?");
    }
    const auto value = whole(node_.text);
    if (node_.kind != Kind::number || !value) return mismatch();
    if (*value == 0) return complain(key() + " 0 would let nothing through; leave the key out for the default, or write 1 or more");
    if (in_range(*value)) put(Concurrency{Concurrency::Mode::fixed, static_cast<int>(*value)});
  }

  /// The node's text with references filled in; nothing when that failed.
  std::optional<std::string> expanded(const Node& node) {
    Expanded answer = expand_references(node.text, machine_);
    out_.referenced = out_.referenced || answer.referenced;
    const bool as_written = node.span.end - node.span.begin == node.text.size() + 2;  // no escapes: offsets carry over
    for (Complaint& one : answer.complaints) {
      const auto base = node.span.begin + 1;
      complain(as_written ? Span{base + one.span.begin, base + one.span.end} : node.span, std::move(one.message));
    }
    if (!answer.complaints.empty()) return {};
    return answer.value;
  }

  /// A text for messages: as written when it came out of a reference, without the user and password of a URL.
  std::string shown(std::string text) const {
    if (out_.referenced) text = node_.text;
    const auto at = text.rfind('@');
    const auto mark = text.find("://");
    if (at != std::string::npos) text.replace(mark < at ? mark + 3 : 0, at - (mark < at ? mark + 3 : 0), "***");
    return quoted_text(text);
  }

  void string() {
    if (node_.kind != Kind::string) return mismatch(advice_for_number());
    if (field_.type == Type::duration) return duration();
    if (field_.type == Type::bytes) return bytes();
    if (field_.type == Type::choice) return choice();
    const auto text = expanded(node_);
    if (!text) return;
    switch (field_.type) {
      case Type::base_url: return base_url(*text);
      case Type::proxy: return proxy(*text);
      case Type::secret: return secret(*text);
      case Type::address: return address(*text);
      case Type::redis_url: return redis(*text);
      case Type::url_path: return url_path(*text);
      case Type::file_path: return file_path(*text);
      default: return put(*text);
    }
  }

  std::string advice_for_number() const {
    if (node_.kind != Kind::number) return "";
    if (field_.type == Type::duration) return "units are d h m s ms us: \"" + node_.text + "s\" are seconds, \"" + node_.text + "ms\" milliseconds";
    if (field_.type == Type::bytes) return "units are B KiB MiB GiB KB MB GB: \"" + node_.text + "B\" are bytes";
    if (field_.type == Type::address) return "write \"127.0.0.1:" + node_.text + "\"";
    return field_.type == Type::choice && field_.path.ends_with("tls_min") ? "write \"" + node_.text + "\"" : "";
  }

  void duration() {
    const auto value = parse_duration(node_.text);
    if (!value) {
      const bool bare = whole(node_.text).has_value();
      return mismatch(bare ? "the unit is missing: write \"" + node_.text + "s\" or \"" + node_.text + "ms\"" : "units are d h m s ms us, without blanks or fractions: \"1h30m\"");
    }
    if (in_range(value->count())) put(Duration(*value));
  }

  void bytes() {
    const auto value = parse_bytes(node_.text);
    if (!value) {
      const bool bare = whole(node_.text).has_value();
      if (bare) return mismatch("the unit is missing: write \"" + node_.text + "MiB\" or \"" + node_.text + "B\"");
      const auto unit = node_.text.find_first_not_of("0123456789");
      const auto best = unit == 0 || unit == std::string::npos ? "" : nearest(node_.text.substr(unit), {"KiB", "MiB", "GiB", "KB", "MB", "GB"});
      return mismatch(best.empty() ? "units are B KiB MiB GiB KB MB GB, without blanks or fractions" : "did you mean \"" + node_.text.substr(0, unit) + best + "\"?");
    }
    if (value->count > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) || !in_range(static_cast<std::int64_t>(value->count))) {
      if (out_.complaints.empty()) out_of_range();
      return;
    }
    put(*value);
  }

  void choice() {
    for (const Word& word : field_.words) {
      if (word.name != node_.text) continue;
      if (const auto* place = std::get_if<ChoiceSlot>(&slot_)) {
        place->set(place->place, word.value);
        out_.set = true;
        return;
      }
      return put(std::string(word.name));
    }
    const bool action = field_.path.starts_with("validate.") && (node_.text == "repair" || node_.text == "drop");
    if (action) return complain("\"" + node_.text + "\" is not defined for the check " + key() + "; it takes " + expectation(field_));
    const auto advice = did_you_mean(node_.text, word_list(field_));
    mismatch(advice.empty() ? "" : advice.substr(1));
  }

  void base_url(const std::string& text) {
    const auto url = parse_url(text);
    if (!url) return complain(key() + " " + shown(text) + " is not a base URL; " + url_advice(text));
    if (!url->userinfo.empty()) return complain("base_url must hold no user name or password; put the key into \"keys\" with \"auth\": \"replace\"");
    for (std::string_view end : {"/chat/completions", "/messages", "/responses", "/completions"})
      if (url->path.ends_with(end))
        return complain("base_url ends before " + std::string(end) + ", which siltgate adds itself" +
                        (out_.referenced ? "" : "; write " + shown(text.substr(0, text.rfind(end)))));
    put(*url);
  }

  std::string url_advice(const std::string& text) const {
    if (text.find_first_of("?#") != std::string::npos) return "it has no query and no fragment";
    if (text.find_first_of("@:") == std::string::npos && !text.empty() && !out_.referenced) return "the scheme is missing: write \"https://" + text + "\"";
    return "write one such as \"https://api.z.ai/api/coding/paas/v4\" (http or https)";
  }

  void proxy(const std::string& text) {
    using Mode = net::ProxyConfig::Mode;
    if (text == "env") return put(net::ProxyConfig{Mode::env, {}});
    if (text == "none") return put(net::ProxyConfig{Mode::none, {}});
    const auto url = parse_url(text);
    if (url && url->scheme == "http" && url->path.empty()) return put(net::ProxyConfig{Mode::url, url});
    if (url && url->scheme == "https") return complain("proxy takes http:// only: TLS goes to the provider, through the proxy's CONNECT");
    const auto best = nearest(text, {"env", "none"});
    complain("proxy takes " + expectation(field_) + (best.empty() ? "" : "; did you mean \"" + best + "\"?"));
  }

  void secret(const std::string& text) {
    if (text.empty()) return complain(key() + " is empty; write a reference such as \"{env:NAME}\" or \"{file:/path}\"");
    if (std::any_of(text.begin(), text.end(), [](char c) { return control_character(c) || c == ' '; }))
      return complain(key() + " holds a blank, a line break or a control character, which no header can carry");
    put(text);
  }

  void address(const std::string& text) {
    const auto parsed = parse_address(text);
    if (!parsed.fault.empty()) return complain(out_.referenced ? shown(text) + " is not ADDRESS:PORT such as \"127.0.0.1:4290\"" : parsed.fault);
    auto& listen = *std::get<Listen*>(slot_);
    listen.address = parsed.address;
    listen.port = parsed.port;
    out_.set = true;
  }

  void redis(const std::string& text) {
    if (!text.empty() && !shared::parse_redis_address(text))
      return complain("redis takes a URL such as \"redis://127.0.0.1:6379\" or \"redis://:{env:REDIS_PASSWORD}@host:6379/0\", rediss:// for TLS, or \"unix:///run/redis/redis.sock\"");
    put(text);
  }

  void url_path(const std::string& text) {
    if (text.size() < 3 || text.front() != '/' || text.back() != '/' || text.find_first_of("?#% ") != std::string::npos)
      return complain(key() + " begins and ends with / and has a name between, such as \"/-/\"");
    if (text.starts_with("/v1/")) return complain(key() + " must leave /v1/ to the providers; write one such as \"/-/\"");
    put(text);
  }

  void file_path(const std::string& text) {
    if (!text.empty() && text.front() != '/') return complain(key() + " takes a whole path beginning with /, not " + shown(text));
    put(text);
  }

  std::optional<std::string> list_item(const Node& item) {
    const auto text = expanded(item);
    if (!text) return {};
    if (field_.type == Type::networks) {
      auto network = parse_network(*text);
      if (network.fault.empty()) return network.network;
      complain(item.span, *text == item.text ? network.fault : quoted_text(item.text) + " is not a network such as \"192.168.64.0/24\"");
      return {};
    }
    if (field_.type == Type::hosts && !is_host_name(*text)) {
      complain(item.span, quoted_text(item.text) + " is not a host name; write the name alone, without scheme and port, such as \"localhost\"");
      return {};
    }
    if (text->empty()) complain(item.span, key() + " holds an empty string");
    return text;
  }

  void list() {
    if (node_.kind != Kind::array) return mismatch(node_.kind == Kind::string ? "put it in brackets: [\"" + node_.text + "\"]" : "");
    if (node_.items.empty() && field_.min > 0) return complain(key() + " must hold at least one " + (field_.path.ends_with("models") ? "model" : "item"));
    std::vector<std::string> out;
    for (const Node& item : node_.items) {
      if (item.kind == Kind::broken) continue;
      if (item.kind != Kind::string) {
        complain(item.span, key() + " holds strings, not " + found_text(item, false));
        continue;
      }
      auto text = list_item(item);
      if (!text) continue;
      if (std::find(out.begin(), out.end(), *text) != out.end()) complain(item.span, quoted_text(item.text) + " stands in this list twice");
      out.push_back(std::move(*text));
    }
    put(std::move(out));
  }

  const Field& field_;
  const Node& node_;
  const Slot& slot_;
  const Machine& machine_;
  ValueReading out_;
};

std::string bound_text(Type type, std::int64_t value) {
  if (type == Type::duration) return format_duration(std::chrono::nanoseconds(value));
  if (type == Type::bytes) return format_bytes(Bytes{static_cast<std::uint64_t>(value)});
  return std::to_string(value);
}

}  // namespace

ValueReading read_value(const Field& field, const Node& node, const Slot& slot, const Machine& machine) {
  return Reader(field, node, slot, machine).run();
}

std::string expectation(const Field& field) {
  switch (field.type) {
    case Type::boolean: return "true or false";
    case Type::integer: return "a whole number such as " + std::string(field.example);
    case Type::duration: return "a duration such as " + std::string(field.example);
    case Type::bytes: return "a size such as " + std::string(field.example);
    case Type::choice: return quoted_list(word_list(field), " or ");
    case Type::concurrency: return "a whole number of at least 1, or \"auto\"";
    case Type::proxy: return "\"env\", \"none\" or a URL such as " + std::string(field.example);
    case Type::secret: return "a string such as " + std::string(field.example);
    default: break;
  }
  return (is_list(field.type) ? "a list of strings such as " : "a string such as ") + std::string(field.example);
}

std::string range_text(const Field& field) {
  if (field.type != Type::integer && field.type != Type::duration && field.type != Type::bytes) return "";
  const std::string low = field.min == 0 ? "up to " : "from " + bound_text(field.type, field.min) + " to ";
  const std::string zero = field.zero.empty() ? "" : ", or 0 (" + std::string(field.zero) + ")";
  return low + bound_text(field.type, field.max) + zero;
}

std::string found_text(const Node& node, bool secret) {
  switch (node.kind) {
    case Kind::object: return "an object";
    case Kind::array: return "a list";
    case Kind::string: return secret ? "a string" : "the string " + quoted_text(node.text);
    case Kind::number: return "the number " + node.text;
    default: return node.text;
  }
}

}  // namespace siltgate::settings
