// SPDX-License-Identifier: Apache-2.0
#include "settings/load.hpp"

#include <algorithm>

#include "net/certificates.hpp"
#include "settings/check.hpp"
#include "settings/fill.hpp"
#include "settings/override.hpp"

namespace siltgate::settings {
namespace {

constexpr std::size_t most_errors = 20;

/// A diagnostic with the place that orders it: the file's come first, by offset.
struct Placed {
  std::size_t offset;
  Diagnostic diagnostic;
};

class Load {
 public:
  Load(const Overrides& overrides, const Machine& machine) : overrides_(overrides), machine_(machine) {}

  Outcome run(std::optional<Source> source, bool others_can_read) {
    bool sound_tree = true;
    if (source) {
      loaded_.path = source->name();
      sound_tree = read(*source);
    }
    for (Diagnostic& fault : apply_overrides(overrides_, machine_, loaded_.settings, loaded_.origins))
      errors_.push_back({std::string::npos, std::move(fault)});
    derive_settings(loaded_.settings, loaded_.origins);
    for (auto& [path, origin] : loaded_.origins)
      if (source && origin.from == Origin::From::file) origin.name = source->where(origin.value.begin);
    if (sound_tree) {
      if (loaded_.settings.flow.providers.empty() && !tried_a_provider_) errors_.push_back({std::string::npos, no_provider(source)});
      for (const Fault& fault : check_settings(loaded_.settings, loaded_.origins)) errors_.push_back(place(fault, source));
      read_ca_files(source);
    }
    if (!errors_.empty()) return refused();
    for (const Fault& fault : doubts_about(loaded_.settings, loaded_.origins)) loaded_.warnings.push_back(place(fault, source).diagnostic);
    if (source && others_can_read) warn_of_literal_secrets(*source);
    return std::move(loaded_);
  }

 private:
  /// False when the text broke off, so that what is missing says nothing.
  bool read(Source& source) {
    Parsed parsed = parse_jsonc(source.text());
    std::vector<Complaint> complaints = std::move(parsed.complaints);
    if (parsed.complete)
      for (Complaint& one : fill_settings(source, parsed.root, loaded_.settings, loaded_.origins, machine_))
        complaints.push_back(std::move(one));
    const Node* providers = parsed.root.find("providers");
    tried_a_provider_ = providers && (providers->kind != Kind::object || !providers->items.empty());
    for (const Complaint& one : complaints) errors_.push_back({one.span.begin, source.diagnose(one)});
    return parsed.complete && parsed.root.kind == Kind::object;
  }

  Placed place(const Fault& fault, const std::optional<Source>& source) const {
    const auto found = loaded_.origins.find(fault.path);
    if (found == loaded_.origins.end()) return {std::string::npos, {loaded_.path, fault.path + ": " + fault.message, ""}};
    const Origin& origin = found->second;
    if (origin.from != Origin::From::file || !source) return {std::string::npos, {origin.name, fault.message, ""}};
    const Span span = fault.at_key ? origin.key : origin.value;
    return {span.begin, source->diagnose({span, fault.message})};
  }

  /// Trust must be readable at start, not at the first request.
  void read_ca_files(const std::optional<Source>& source) {
    for (const auto& provider : loaded_.settings.flow.providers) {
      if (provider.tls.ca_file.empty()) continue;
      const FileAnswer answer = machine_.read(provider.tls.ca_file);
      const std::string fault = answer.state == FileAnswer::State::read ? net::fault_of_certificates(answer.text) : "";
      if (answer.state == FileAnswer::State::read && fault.empty()) continue;
      const std::string why = answer.state == FileAnswer::State::read      ? " " + fault
                              : answer.state == FileAnswer::State::missing ? " does not exist"
                                                                           : " cannot be read";
      errors_.push_back(place({display_path("providers.*.ca_file", {provider.name}), "the file " + provider.tls.ca_file + why}, source));
    }
  }

  void warn_of_literal_secrets(const Source& source) {
    for (const Field& field : fields()) {
      if (field.type != Type::secret) continue;
      for (const Names& names : names_in(loaded_.settings, field.path)) {
        const auto found = loaded_.origins.find(display_path(field.path, names));
        if (found == loaded_.origins.end() || found->second.from != Origin::From::file || !found->second.written.empty()) continue;
        loaded_.warnings.push_back(source.diagnose({found->second.value, "this file can be read by other users and holds a secret; run chmod 600 " +
                                                                             loaded_.path + ", or write a reference such as \"{env:NAME}\""}));
      }
    }
  }

  static Diagnostic no_provider(const std::optional<Source>& source) {
    const std::string where = source ? source->name() : "";
    return {where,
            "no provider is given. Three ways to give one:\n"
            "  siltgate --upstream https://api.z.ai/api/coding/paas/v4\n"
            "  SILTGATE_UPSTREAM=https://api.z.ai/api/coding/paas/v4 siltgate\n"
            "  siltgate config --init writes a commented file; set \"providers\" in it\n"
            "To try siltgate without a provider: siltgate --upstream demo:",
            ""};
  }

  Refused refused() {
    std::stable_sort(errors_.begin(), errors_.end(), [](const Placed& a, const Placed& b) { return a.offset < b.offset; });
    Refused out;
    for (Placed& one : errors_) {
      if (out.errors.size() == most_errors) {
        out.errors.push_back({"", "… and " + std::to_string(errors_.size() - most_errors) + " more", ""});
        break;
      }
      out.errors.push_back(std::move(one.diagnostic));
    }
    return out;
  }

  const Overrides& overrides_;
  const Machine& machine_;
  Loaded loaded_;
  bool tried_a_provider_ = false;   // the file has some, though perhaps none that is sound
  std::vector<Placed> errors_;
};

Outcome cannot_read(const std::string& path, const FileAnswer& answer) {
  Refused out;
  const bool missing = answer.state == FileAnswer::State::missing;
  const bool barred = answer.state == FileAnswer::State::not_permitted;
  out.why = missing ? Refused::Why::not_found : barred ? Refused::Why::not_permitted : Refused::Why::invalid;
  out.errors.push_back({path, missing ? "there is no such file" : barred ? "this user may not read the file" : answer.why, ""});
  return out;
}

struct ChosenFile {
  std::string path;
  FileAnswer answer;
};

/// Nothing when no file is named and none is where they are looked for.
std::optional<ChosenFile> chosen_file(const Overrides& overrides, const Machine& machine) {
  std::optional<std::string> asked = overrides.config;
  if (!asked) asked = machine.env("SILTGATE_CONFIG");
  if (asked && asked->empty()) asked.reset();
  if (asked) return ChosenFile{*asked, machine.read(*asked)};
  for (const std::string& path : search_path(machine))
    if (FileAnswer answer = machine.read(path); answer.state != FileAnswer::State::missing) return ChosenFile{path, std::move(answer)};
  return {};
}

}  // namespace

int Refused::exit_code() const {
  switch (why) {
    case Why::not_found: return 66;
    case Why::not_permitted: return 77;
    case Why::invalid: break;
  }
  return 78;
}

std::string Refused::text() const {
  std::string out;
  for (const Diagnostic& error : errors) out += error.text();
  return out;
}

std::vector<std::string> search_path(const Machine& machine) {
  std::vector<std::string> out;
  const auto xdg = machine.env("XDG_CONFIG_HOME");
  const auto home = machine.env("HOME");
  if (xdg && !xdg->empty())
    out.push_back(*xdg + "/siltgate/siltgate.jsonc");
  else if (home && !home->empty())
    out.push_back(*home + "/.config/siltgate/siltgate.jsonc");
  out.push_back("/etc/siltgate/siltgate.jsonc");
  return out;
}

Outcome load_text(std::string name, std::string text, const Machine& machine) {
  return Load({}, machine).run(Source(std::move(name), std::move(text)), false);
}

Outcome load(const Overrides& overrides, const Machine& machine) {
  auto file = chosen_file(overrides, machine);
  if (!file) return Load(overrides, machine).run(std::nullopt, false);
  if (file->answer.state != FileAnswer::State::read) return cannot_read(file->path, file->answer);
  return Load(overrides, machine).run(Source(file->path, std::move(file->answer.text)), file->answer.others_can_read);
}

ControlEntry control_entry(const Overrides& overrides, const Machine& machine) {
  Machine without_keychain = machine;
  without_keychain.keychain = [](const std::string&) { return KeychainAnswer{}; };
  Settings settings;
  Origins origins;
  auto file = chosen_file(overrides, machine);
  if (file && file->answer.state == FileAnswer::State::read) {
    Source source(file->path, std::move(file->answer.text));
    if (Parsed parsed = parse_jsonc(source.text()); parsed.complete) fill_settings(source, parsed.root, settings, origins, without_keychain);
  }
  apply_overrides(overrides, without_keychain, settings, origins);
  return {settings.control_socket, settings.listen.empty() ? std::uint16_t{0} : settings.listen.front().port};
}

const std::vector<Variable>& variables() {
  static const std::vector<Variable> all{
      {"SILTGATE_CONFIG", "the configuration file, as --config"},
      {"SILTGATE_UPSTREAM", "providers as URL or NAME=URL, separated by commas, as --upstream"},
      {"SILTGATE_LISTEN", "addresses to listen on, separated by commas, as --listen"},
      {"SILTGATE_CONCURRENCY", "a number or auto, as --concurrency"},
      {"SILTGATE_CAPTURE", "off, rejected or all, as --capture"},
      {"SILTGATE_LOG_FORMAT", "text or json, as --log-format"},
      {"SILTGATE_DEBUG", "1 is --debug"},
      {"SILTGATE_QUIET", "1 is --quiet"},
      {"SILTGATE_COLOR", "as --color; read by the command line alone"},
      {"XDG_CONFIG_HOME", "where siltgate/siltgate.jsonc is looked for; ~/.config when not set"},
      {"CREDENTIALS_DIRECTORY", "where {cred:name} is looked for; set by systemd"},
  };
  return all;
}

}  // namespace siltgate::settings
