// SPDX-License-Identifier: Apache-2.0
// Numbers as text that no locale changes: std::to_string and printf take the decimal mark from the program's.
#pragma once

#include <charconv>
#include <string>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {

/// A number in as few digits as tell it from its neighbours: "0.01", "1e-30", "inf", "nan".
[[gnu::cold]] inline std::string number_text(float value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof(text), value).ptr};
}

/// A number with that many decimals, at most 20: "0.500" for 3.
[[gnu::cold]] inline std::string fixed_text(double value, int decimals) {
  char text[340];  // the greatest number has 309 digits
  return {text, std::to_chars(text, text + sizeof(text), value, std::chars_format::fixed, decimals).ptr};
}

}  // namespace v0
}  // namespace tenon
