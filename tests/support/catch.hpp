// SPDX-License-Identifier: Apache-2.0
// Catch2 v2 (Debian 12) and v3 (Homebrew) under one include.
#pragma once
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include "base/result.hpp"

/// A Result in an expression prints its failure; the value itself need not be printable.
template <class T>
struct Catch::StringMaker<boost::system::result<T, siltgate::Failure>> {
  static std::string convert(const boost::system::result<T, siltgate::Failure>& result) {
    if (result.has_value()) return "a value";
    return std::string(to_string(result.error().cause)) + ": " + result.error().detail;
  }
};
