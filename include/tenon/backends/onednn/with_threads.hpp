// SPDX-License-Identifier: Apache-2.0
// Computing with exactly as many threads as primitives were made for, wherever the caller stands.
#pragma once

#include <pthread.h>

#include <exception>
#include <string>

#include "tenon/core/error.hpp"
#include "tenon/core/parallel.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

// oneDNN's primitives keep the thread count of their making: a weight gradient whose sums fewer threads make lacks the
// others' shares, and nothing says so. OpenMP gives fewer within a parallel region, where oneDNN takes one by itself,
// and beyond a limit of the region. In a child of fork the pool of the thread that forked is gone, but libgomp waits
// for it for ever. A new thread stands in no region, has the process's own limit, and gets a pool of its own.

/// Whether the calling thread has forked: then its pool may be lost.
inline constinit thread_local bool pool_is_lost = false;
inline const bool watches_forks = pthread_atfork(nullptr, nullptr, [] { pool_is_lost = true; }) == 0;

/// Calls `function(data)` on a thread made for it, and waits for its end; what it throws is thrown.
/// throws: backend_error if there is no thread.
__attribute__((cold, noinline)) inline void call_on_own_thread(void (*function)(void*), void* data) {
  struct own_call {
    void (*function)(void*);
    void* data;
    std::exception_ptr failure;
  } call{function, data, nullptr};
  pthread_t thread;
  const auto body = [](void* at) -> void* {
    own_call& own = *static_cast<own_call*>(at);
    try {
      own.function(own.data);
    } catch (...) {
      own.failure = std::current_exception();
    }
    return nullptr;
  };
  if (const int problem = pthread_create(&thread, nullptr, body, &call); problem != 0) {
    const std::string found = std::to_string(problem);
    throw backend_error("no thread could be made to compute on: pthread_create gave " + found, "threads", "0", found);
  }
  pthread_join(thread, nullptr);
  if (call.failure != nullptr) std::rethrow_exception(call.failure);
}

/// Whether OpenMP gives the calling thread so many threads, under a thread_count_scope.
inline bool gives_threads(int count) {
  return count <= 1 || (omp_in_parallel() == 0 && !pool_is_lost && omp_get_thread_limit() >= count);
}

/// What to call, with how many threads.
struct threaded_call {
  void (*function)(const void*);
  const void* data;
  int count;
};

/// Calls it on a thread of its own. Apart from with_threads, so that this is compiled once and is out of the way.
__attribute__((cold, noinline)) inline void call_with_own_threads(threaded_call call) {
  const auto body = [](void* at) {
    const threaded_call& own = *static_cast<const threaded_call*>(at);
    if (!gives_threads(own.count)) {
      const std::string expected = std::to_string(own.count), found = std::to_string(omp_get_thread_limit());
      throw backend_error(joined({"made for ", expected, " threads, OpenMP's limit is ", found}), "threads", expected,
                          found);
    }
    const thread_count_scope scope(own.count);
    own.function(own.data);
  };
  call_on_own_thread(body, &call);
}

/// Calls `function()` where `count` threads come, each with its thread_count_scope: on the calling thread if it can,
/// else on one of its own, which costs some 0.1 ms.
/// throws: backend_error if OMP_THREAD_LIMIT is less; what `function` throws.
template <class Function>
void with_threads(int count, const Function& function) {
  const threaded_call call{[](const void* data) { (*static_cast<const Function*>(data))(); }, &function, count};
  if (!gives_threads(count)) return call_with_own_threads(call);
  const thread_count_scope scope(count);
  call.function(call.data);
}

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
