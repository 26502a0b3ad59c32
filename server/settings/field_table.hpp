// SPDX-License-Identifier: Apache-2.0
// Every key a user may write, once: path, type, unit, range, default and why. Out of this table come the parser, the
// JSON Schema, the reference and the commented example. Defaults are not repeated here: they are those of the Config
// structs. Knows no files and no text positions.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "settings/settings.hpp"

namespace siltgate::settings {

enum class Type {
  boolean, integer, duration, bytes, text, choice, concurrency, base_url, proxy, secret, address, networks, hosts, texts,
  redis_url, url_path, file_path
};

/// An enumeration of any type, reached as an int. get() gives -1 when nothing is set.
struct ChoiceSlot {
  void* place;
  int (*get)(const void* place);
  void (*set)(void* place, int value);
};

/// Where in the Settings a value lives.
using Slot = std::variant<bool*, int*, std::int64_t*, Duration*, Bytes*, std::string*, std::vector<std::string>*,
                          schedule::Concurrency*, Url*, net::ProxyConfig*, Listen*, ChoiceSlot>;

/// The names that stand for the `*` of a path, in order; places in a list are "0", "1", …
using Names = std::vector<std::string>;

struct Word {
  std::string_view name;
  int value = 0;   // what ChoiceSlot::set gets
};

struct Field {
  std::string_view path;                   // "providers.*.timeouts.connect"; `*` = a name the user chooses, or a list place
  Type type = Type::text;
  Slot (*slot)(Settings& settings, const Names& names) = nullptr;   // makes the named things it passes
  std::string_view why;                    // one line
  std::string_view example;                // JSON, valid and not the default
  std::vector<Word> words{};               // choice only
  std::int64_t min = 0;                    // integer; duration in ns; bytes
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::string_view zero{};                 // what 0 means where it is allowed below min
  std::string_view fallback{};             // the default, in words, where no fixed value is one
  bool required = false;
};

/// named: the user chooses the keys. list: an array.
enum class Shape { object, named, list };

struct Section {
  std::string_view path;
  Shape shape = Shape::object;
  std::string_view why;
  std::string_view example{};   // named: a name; list: nothing
};

const std::vector<Field>& fields();
const std::vector<Section>& sections();
const Field* find_field(std::string_view path);
const Section* find_section(std::string_view path);

/// "limits" + "queue" -> "limits.queue"; "" + "limits" -> "limits".
std::string child_path(std::string_view parent, std::string_view key);
/// Without its last component; "" at the top.
std::string_view parent_path(std::string_view path);
std::string_view last_component(std::string_view path);
/// For people: names filled in, list places in brackets, odd names quoted: providers.zai.models."glm-4.5".concurrency, listen[0].
/// Where `names` runs out: <name> and [].
std::string display_path(std::string_view path, const Names& names);

/// What `settings` holds for every `*` of `path`: one Names for each combination; one empty Names when there is no `*`.
std::vector<Names> names_in(const Settings& settings, std::string_view path);

/// The value as JSON text; "" when nothing is set. Secrets and the passwords in URLs come out as they are.
std::string show(const Field& field, const Slot& slot);
/// show() of a fresh Settings; "" when there is no fixed default.
std::string default_of(const Field& field);

/// The table as a tree in table order, for the writers of schema, reference and example.
struct Branch {
  std::string name;              // last component
  std::string path;
  const Section* section = nullptr;
  const Field* field = nullptr;
  std::vector<Branch> branches;
};
Branch field_tree();

}  // namespace siltgate::settings
