// SPDX-License-Identifier: Apache-2.0
#include "http/fields.hpp"

#include <algorithm>

namespace siltgate::http {
namespace {

constexpr char lower_letter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower_letter(x) == lower_letter(y); });
}

void Fields::add(std::string_view name, std::string_view value) {
  Slice slice{};
  slice.name_at = static_cast<std::uint32_t>(text_.size());
  slice.name_size = static_cast<std::uint32_t>(name.size());
  append_cleansing(text_, name);
  slice.value_at = static_cast<std::uint32_t>(text_.size());
  slice.value_size = static_cast<std::uint32_t>(value.size());
  append_cleansing(text_, value);
  slices_.push_back(slice);
}

void Fields::erase(std::string_view name) {
  std::erase_if(slices_, [&](const Slice& slice) {
    return same_name(std::string_view(text_).substr(slice.name_at, slice.name_size), name);
  });
}

std::optional<std::string_view> Fields::find(std::string_view name) const {
  for (std::size_t i = 0; i < size(); ++i)
    if (Field field = (*this)[i]; same_name(field.name, name)) return field.value;
  return {};
}

int Fields::count(std::string_view name) const {
  int found = 0;
  for (std::size_t i = 0; i < size(); ++i) found += same_name((*this)[i].name, name) ? 1 : 0;
  return found;
}

Field Fields::operator[](std::size_t i) const {
  const Slice& slice = slices_[i];
  std::string_view text = text_;
  return {text.substr(slice.name_at, slice.name_size), text.substr(slice.value_at, slice.value_size)};
}

}  // namespace siltgate::http
