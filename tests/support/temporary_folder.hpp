// SPDX-License-Identifier: Apache-2.0
// A folder of a test's own.
#pragma once

#include <string>

namespace siltgate::test {

/// A folder that goes with its object, with what is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  /// Writes a file there and returns its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

}  // namespace siltgate::test
