// SPDX-License-Identifier: Apache-2.0
// Owners of oneDNN's C handles, and its status codes made into exceptions.
#pragma once

#if !__has_include(<oneapi/dnnl/dnnl.h>)
#  include "tenon/core/language.hpp"
#  error "oneDNN 3.2 or newer was not found. Get it: python3 -m venv onednn"
#  error "onednn/bin/pip install onednn-devel-cpu-gomp==2023.2.0 onednn-cpu-gomp==2023.2.0"
#  error "Then name its folder: -Ionednn/include, or pkg-config --define-variable=onednn_prefix=$PWD/onednn"
#  include TENON_STOP
#endif

#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <oneapi/dnnl/dnnl_version.h>

#include <string>
#include <string_view>
#include <utility>

#include "tenon/core/error.hpp"

#if DNNL_VERSION_MAJOR < 3 || (DNNL_VERSION_MAJOR == 3 && DNNL_VERSION_MINOR < 2)
#  error "oneDNN 3.2 or newer is needed, an older one was found. Get it: python3 -m venv onednn"
#  error "onednn/bin/pip install onednn-devel-cpu-gomp==2023.2.0 onednn-cpu-gomp==2023.2.0"
#  include TENON_STOP
#endif

namespace tenon {
inline namespace v0 {
namespace onednn {

/// Throws a backend_error that names the call, the node's scope and the status, unless the call succeeded.
inline void check(dnnl_status_t status, const char* call, std::string_view scope) {
  if (status == dnnl_success) return;
  const char* found = dnnl_status2str(status);
  throw backend_error(joined({"oneDNN's ", call, " for '", scope, "' gave ", found}), std::string(scope), "success",
                      found);
}

/// Throws a backend_error unless the oneDNN that was loaded, which need not be the one that was compiled against,
/// is 3.2 or newer.
inline void check_version(int major, int minor, int patch) {
  if (major > 3 || (major == 3 && minor >= 2)) return;
  const auto text = [](int first, int second, int third) {
    return joined({std::to_string(first), ".", std::to_string(second), ".", std::to_string(third)});
  };
  const std::string found = text(major, minor, patch);
  const std::string compiled = text(DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR, DNNL_VERSION_PATCH);
  throw backend_error(joined({"oneDNN ", found, " was loaded, expected 3.2 or newer: the program was compiled with ",
                              compiled, ", whose lib/ has to be in LD_LIBRARY_PATH or the program's run path"}),
                      "oneDNN", "3.2 or newer", found);
}

/// The only owner of a handle of oneDNN's C API; movable.
template <class Handle, dnnl_status_t (*Destroy)(Handle)>
class owner {
 public:
  owner() = default;
  owner(owner&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  owner& operator=(owner&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~owner() {
    if (handle_ != nullptr) Destroy(handle_);
  }

  Handle get() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }
  /// Where a creating call writes the handle; what was held before is destroyed.
  Handle* put() {
    if (handle_ != nullptr) Destroy(handle_);
    handle_ = nullptr;
    return &handle_;
  }

 private:
  Handle handle_ = nullptr;
};

using engine_owner = owner<dnnl_engine_t, dnnl_engine_destroy>;
using stream_owner = owner<dnnl_stream_t, dnnl_stream_destroy>;
using memory_descriptor = owner<dnnl_memory_desc_t, dnnl_memory_desc_destroy>;
using memory_object = owner<dnnl_memory_t, dnnl_memory_destroy>;
using primitive_attributes = owner<dnnl_primitive_attr_t, dnnl_primitive_attr_destroy>;
using post_operations = owner<dnnl_post_ops_t, dnnl_post_ops_destroy>;
using primitive_descriptor = owner<dnnl_primitive_desc_t, dnnl_primitive_desc_destroy>;
using primitive = owner<dnnl_primitive_t, dnnl_primitive_destroy>;

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
