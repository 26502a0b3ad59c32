// SPDX-License-Identifier: Apache-2.0
// The one place where Boost.JSON is compiled (header-only use, no library to link).
#define BOOST_JSON_NO_LIB
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <boost/json/src.hpp>
