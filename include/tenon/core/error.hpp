// SPDX-License-Identifier: Apache-2.0
// The exceptions of the library: each kind names the thing, what was expected and what was found.
#pragma once

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "tenon/core/language.hpp"

#ifndef __cpp_exceptions
#  error "Tenon throws exceptions: compile without -fno-exceptions (plan_of.hpp with layers.hpp alone works with it)"
#  include TENON_STOP
#endif

namespace tenon {
inline namespace v0 {

/// Texts behind one another. Sentences of errors are made by it: operator+ would be compiled anew into each.
__attribute__((cold, noinline)) inline std::string joined(std::initializer_list<std::string_view> parts) {
  std::string result;
  for (const std::string_view part : parts) result += part;
  return result;
}

/// The base of everything the library throws. `what()` is one sentence; the parts it was made of can be asked for.
class error : public std::runtime_error {
 public:
  error(const std::string& sentence, std::string name, std::string expected = {}, std::string found = {})
      : std::runtime_error(sentence),
        name_(std::move(name)),
        expected_(std::move(expected)),
        found_(std::move(found)) {}

  /// The offending thing: a path, a tensor's or a layer's name.
  const std::string& name() const { return name_; }
  /// What was expected, or empty.
  const std::string& expected() const { return expected_; }
  /// What was found, or empty.
  const std::string& found() const { return found_; }

 private:
  std::string name_, expected_, found_;
};

/// A file that is not there, or cannot be read or written.
class file_error : public error {
 public:
  using error::error;
};
/// A file that is not of its format: foreign, truncated, or with a bad header.
class format_error : public error {
 public:
  using error::error;
};
/// A tensor missing from, surplus in, or misshaped in a set of weights.
class weight_error : public error {
 public:
  using error::error;
};
/// A tensor of another size than the network was compiled for.
class shape_error : public error {
 public:
  using error::error;
};
/// A label outside the classes; thrown before anything changes.
class label_error : public error {
 public:
  using error::error;
};
/// A value that is not finite: an input, a loss, a learning rate, before anything changes; or a gradient, before its
/// parameter changes.
class numeric_error : public error {
 public:
  using error::error;
};
/// More memory than there is.
class allocation_error : public error {
 public:
  using error::error;
};
/// A failure reported by a backend's library.
class backend_error : public error {
 public:
  using error::error;
};

}  // namespace v0
}  // namespace tenon
