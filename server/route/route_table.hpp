// SPDX-License-Identifier: Apache-2.0
// Which provider a request target belongs to, and what the target is called there. Pure: knows paths, no hosts, no keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/dialect.hpp"
#include "base/result.hpp"

namespace siltgate::route {

/// A provider as far as paths go.
struct ProviderPaths {
  std::string name;
  std::string base;  // path of the base URL: "" or "/x/y" without a slash at the end
};

struct Route {
  std::size_t provider = 0;          // index into the list given to the table
  std::string target;                // origin-form target upstream, query included
  Dialect dialect = Dialect::none;
  bool inference = false;            // a POST whose answer siltgate understands
  bool alive_check = false;          // HEAD of a base URL: answer 200, send nothing upstream
};

class RouteTable {
 public:
  /// `default_provider` is an index into `providers`, which is not empty. `dashboard` is the path of siltgate's own page, and
  /// serves only to tell it to a person who opens "/" in a browser.
  RouteTable(std::vector<ProviderPaths> providers, std::size_t default_provider, std::string dashboard);

  /// `target` is origin-form (or "*"); `host` only serves to spell out the base URLs in the message.
  /// Failures, all of phase route and party client: no_route (404, with the base URLs there are); bad_request for CONNECT and
  /// TRACE (405).
  Result<Route> find(std::string_view method, std::string_view target, std::string_view host) const;

  /// "http://host/v1, http://host/zai/v1, …"
  std::string base_urls(std::string_view host) const;

 private:
  struct Match {
    std::size_t provider = 0;
    std::string_view rest;  // behind the base, "" or "/x"
  };
  Match match(std::string_view path) const;
  bool maps_to_nothing(std::string_view method, const Match& match, std::string_view path) const;

  std::vector<ProviderPaths> providers_;
  std::size_t default_ = 0;
  std::string dashboard_;
};

}  // namespace siltgate::route
