// SPDX-License-Identifier: Apache-2.0
#include "settings/field_table.hpp"
#include "settings/generate.hpp"
#include "settings/value.hpp"

namespace siltgate::settings {
namespace {

constexpr std::string_view head =
    R"(// The configuration of siltgate: every key, its unit, its default and why one would change it.
// Delete what you do not need: a key that is not here has its default. Comments and trailing commas are allowed.
// Durations: d h m s ms us, as "1h30m". Sizes: B KB MB GB KiB MiB GiB, as "64MiB".
// Secrets: "{env:NAME}", "{file:/path}" (chmod 600), "{cred:name}" (systemd), "{keychain:service}" (macOS).
// Try it with: siltgate check --config THIS_FILE
)";

class Writer {
 public:
  explicit Writer(bool everything) : everything_(everything) {}

  std::string run() {
    out_ = head;
    out_ += "{\n";
    members(field_tree(), 1, false);
    return out_ + "}\n";
  }

 private:
  void line(int depth, bool off, const std::string& text) {
    out_ += std::string(static_cast<std::size_t>(depth) * 2, ' ') + (off ? "// " : "") + text + "\n";
  }

  static std::string facts(const Field& field) {
    std::string out;
    auto add = [&out](const std::string& part) { out += (out.empty() ? "" : "; ") + part; };
    if (field.type == Type::choice || field.type == Type::concurrency || field.type == Type::proxy) add(expectation(field));
    if (auto range = range_text(field); !range.empty()) add((field.type == Type::duration ? "duration " : field.type == Type::bytes ? "size " : "number ") + range);
    const auto value = default_of(field);
    if (field.required)
      add("needed");
    else if (!value.empty() || !field.fallback.empty())
      add("default: " + (value.empty() ? std::string(field.fallback) : value));
    return out;
  }

  void leaf(const Branch& branch, int depth, bool off) {
    const Field& field = *branch.field;
    const std::string value = default_of(field);
    line(depth, true, std::string(field.why));
    if (auto known = facts(field); !known.empty()) line(depth, true, "  " + known);
    const bool unset = value.empty() && !field.required;
    const std::string name = branch.name == "*" ? std::string(find_section(parent_path(branch.path))->example) : branch.name;
    line(depth, off || (unset && !everything_), '"' + name + "\": " + (value.empty() ? std::string(field.example) : value) + ",");
  }

  void members(const Branch& branch, int depth, bool off) {
    bool first = true;
    for (const Branch& one : branch.branches) {
      if (!first && depth <= 2 && !off) out_ += "\n";
      first = false;
      if (one.field)
        leaf(one, depth, off);
      else
        section(one, depth, off);
    }
  }

  void section(const Branch& branch, int depth, bool off) {
    const Shape shape = branch.section->shape;
    line(depth, true, std::string(branch.section->why));
    line(depth, off, '"' + branch.name + "\": " + (shape == Shape::list ? "[" : "{"));
    if (shape == Shape::object) {
      members(branch, depth + 1, off);
    } else {
      const Branch& one = branch.branches.front();
      const bool example_only = shape == Shape::named && branch.path != "providers" && !everything_;
      const bool inner_off = off || example_only;
      if (one.field) {
        leaf(one, depth + 1, inner_off);
      } else {
        line(depth + 1, inner_off, shape == Shape::list ? "{" : '"' + std::string(branch.section->example) + "\": {");
        members(one, depth + 2, inner_off);
        line(depth + 1, inner_off, "},");
      }
    }
    line(depth, off, shape == Shape::list ? "]," : "},");
  }

  bool everything_;
  std::string out_;
};

}  // namespace

std::string example_text(bool everything) { return Writer(everything).run(); }

}  // namespace siltgate::settings
