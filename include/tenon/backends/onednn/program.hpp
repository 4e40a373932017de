// SPDX-License-Identifier: Apache-2.0
// A planned graph made executable: oneDNN primitives for the convolution family, kernels of our own for the rest.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tenon/backends/host_memory.hpp"
#include "tenon/backends/kernels/dispatch/execute.hpp"
#include "tenon/backends/kernels/dispatch/isa.hpp"
#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/backends/onednn/convolution.hpp"
#include "tenon/backends/onednn/handle.hpp"
#include "tenon/backends/onednn/slow_code.hpp"
#include "tenon/backends/onednn/with_threads.hpp"
#include "tenon/backends/operand.hpp"
#include "tenon/core/parallel.hpp"
#include "tenon/plan/plan_view.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// The widest instruction set that the CPU has, oneDNN is allowed (ONEDNN_MAX_CPU_ISA), and our kernels know.
inline kernels::isa effective_isa() {
  const auto allowed = static_cast<unsigned>(dnnl_get_effective_cpu_isa());
  const auto has = [allowed](dnnl_cpu_isa_t set) {
    const auto wanted = static_cast<unsigned>(set);
    return (allowed & wanted) == wanted;
  };
  const kernels::isa theirs = has(dnnl_cpu_isa_avx512_core) ? kernels::isa::avx512
                              : has(dnnl_cpu_isa_avx2)      ? kernels::isa::avx2
                                                            : kernels::isa::baseline;
  return std::min(theirs, kernels::supported_isa());
}

/// Pointers to the functions that run nodes. They are instantiated for what a plan needs, so that a program compiles no
/// other kernel.
struct node_functions {
  decltype(&kernels::execute<>) execute;
  decltype(&make_convolution<every_need>) make_convolution;
};
template <needs Needs>
inline constexpr node_functions functions_for{&kernels::execute<Needs.operations, Needs.contiguous_activations>,
                                              &onednn::make_convolution<Needs>};

/// The nodes of a plan, ready to run. The plan and its graph must outlive it. One thread at a time may use it.
class basic_program : public host_memory {
 public:
  /// Makes all primitives for the given number of threads, or as many as OpenMP gives if it has fewer. It has no memory
  /// yet.
  /// throws: backend_error.
  basic_program(const plan_view& plan, int threads, const node_functions& functions)
      : host_memory(plan, capabilities::alignment),
        threads_(std::clamp(threads, 1, omp_get_thread_limit())),
        functions_(functions),
        isa_(effective_isa()) {
    const dnnl_version_t& loaded = *dnnl_version();
    check_version(loaded.major, loaded.minor, loaded.patch);
    with_threads(threads_, [this] {
      threads_ = threads_that_come(threads_);
      const thread_count_scope scope(threads_);
      prepare();
    });
  }
  // Prepared nodes point to the plan in the object.
  basic_program(const basic_program&) = delete;
  basic_program& operator=(const basic_program&) = delete;

  /// The size of the one scratchpad that all primitives share.
  std::size_t scratchpad_bytes() const { return scratchpad_bytes_; }

  /// Allocates the memory to work in; nothing is allocated from here on. See host_memory.
  /// throws: allocation_error, backend_error.
  void make_memory(std::byte* parameters, const lent_arena& lent = {}) {
    allocate_spaces(parameters, lent, scratchpad_bytes_);
    bind(spaces_);
  }

  /// Sets memory of somebody else's to work in, aligned as the capabilities say.
  /// throws: backend_error.
  void bind(const memory& memory) {
    spaces_ = memory;
    for (prepared_node& each : nodes_) each.bind(*this);
  }

  /// Brings all weights into their primitives' layouts, norms folded in, once for all nodes that share them; to be
  /// called after parameters have changed. requires: bound memory.
  void pack() const {
    with_threads(threads_, [this] {
      for (const prepared_node& each : nodes_)
        if (each.packs) each.convolution->pack();
    });
  }

  /// Runs nodes first_node to last_node - 1; sources among them are skipped.
  /// requires: bound memory, packed weights.
  /// throws: backend_error.
  void run(std::int32_t first_node, std::int32_t last_node, const step_arguments& arguments = {}) const {
    with_threads(threads_, [&] {
      for (const prepared_node& each : nodes_) {
        if (each.number >= last_node) break;
        if (each.number >= first_node) each.run(*this, arguments);
      }
      check(dnnl_stream_wait(stream_.get()), "dnnl_stream_wait", "program");
    });
  }

  /// How many threads it computes with.
  int threads() const { return threads_; }

  /// Channels in a block of a blocked value: 16 or 8.
  int block() const { return static_cast<int>(kernels::block_of(isa_)); }

  /// What computes a node: oneDNN's name of the implementation, "kernels:avx512" and so on, or "" for a source.
  std::string implementation_of(std::int32_t number) const {
    const prepared_node* at = find(number);
    if (at == nullptr) return {};
    if (at->convolution != nullptr) return at->convolution->implementation();
    return joined({"kernels:", kernels::name_of(isa_)});
  }

  /// Calls visit(pointer_use, value, pointer) for each pointer a node works on, as its primitive or its operands hold
  /// it; value is -1 where the pointer is no value's. The source of packed weights is told by none: pack reads it.
  template <class Visit>
  void for_each_pointer(std::int32_t number, const Visit& visit) const {
    const prepared_node* at = find(number);
    if (at == nullptr) return;
    const node& of = plan_.graph.node_at(number);
    if (at->convolution != nullptr) {
      at->convolution->for_each_pointer(visit);
      return;
    }
    const operand* next = at->operands.get();
    for (int i = 0; i < of.operands.count; ++i, ++next)
      visit(pointer_use::value, plan_.graph.operand(of, i), static_cast<const std::byte*>(next->data));
    for (int i = 0; i < of.results.count; ++i, ++next)
      visit(pointer_use::value, of.results[i], static_cast<const std::byte*>(next->data));
  }

  /// Tells whoever wants to know of steps by oneDNN's reference code; returns whether there are any.
  __attribute__((cold, noinline)) bool tell_of_slow_steps() const {
    slow_steps found;
    std::string implementation;
    for (const prepared_node& each : nodes_) {
      if (each.convolution == nullptr || !is_slow(each.convolution->implementation())) continue;
      if (++found.count > 1) continue;
      implementation = each.convolution->implementation();
      const node& of = plan_.graph.node_at(each.number);
      found.layer = plan_.graph.text(of.scope);
      found.operation = name_of(of.op);
      found.node = each.number;
    }
    found.implementation = implementation;
    const slow_steps_listener listener = current_slow_steps_listener.load();
    if (found.count > 0 && listener != nullptr) listener(found);
    return found.count > 0;
  }

 private:
  /// A node with everything its execution needs.
  struct prepared_node {
    prepared_node(const basic_program& owner, std::int32_t its_number) : number(its_number) {
      const node& of = owner.plan_.graph.node_at(number);
      if (role_of(of.op) != convolution_role::none) {
        const convolution_step* first = owner.first_reader(number);
        packs = first == nullptr;
        convolution = owner.functions_.make_convolution(owner.plan_, number, owner.engine_.get(), owner.isa_, first);
      } else {
        operands = std::make_unique<operand[]>(static_cast<std::size_t>(of.operands.count + of.results.count));
      }
    }

    void bind(const basic_program& owner) {
      if (convolution != nullptr) {
        convolution->bind(owner.spaces_);
        return;
      }
      const node& of = owner.plan_.graph.node_at(number);
      operand* to = operands.get();
      for (int i = 0; i < of.operands.count; ++i) *to++ = owner.operand_of(owner.plan_.graph.operand(of, i));
      for (int i = 0; i < of.results.count; ++i) *to++ = owner.operand_of(of.results[i]);
    }

    void run(const basic_program& owner, const step_arguments& arguments) const {
      if (convolution != nullptr) {
        convolution->run(owner.stream_.get());
        return;
      }
      const node& of = owner.plan_.graph.node_at(number);
      const auto operand_count = static_cast<std::size_t>(of.operands.count);
      const auto result_count = static_cast<std::size_t>(of.results.count);
      owner.functions_.execute(owner.isa_, owner.plan_.graph, of,
                               std::span<const operand>(operands.get(), operand_count),
                               std::span<const operand>(operands.get() + operand_count, result_count), arguments);
    }

    std::int32_t number;
    bool packs = false;                             ///< it is the first convolution that reads its packed weights
    std::unique_ptr<convolution_step> convolution;  ///< nullptr: a kernel of ours
    std::unique_ptr<operand[]> operands;            ///< of a kernel: operands, then results
  };

  __attribute__((cold, noinline)) void prepare() {
    check(dnnl_engine_create(engine_.put(), dnnl_cpu, 0), "dnnl_engine_create", "program");
    check(dnnl_stream_create(stream_.put(), engine_.get(), dnnl_stream_default_flags), "dnnl_stream_create", "program");
    auto last = nodes_.before_begin();
    for (std::int32_t i = 0; i < plan_.graph.node_count(); ++i) {
      if (is_source(plan_.graph.node_at(i).op)) continue;
      last = nodes_.emplace_after(last, *this, i);
      if (last->convolution != nullptr)
        scratchpad_bytes_ = std::max(scratchpad_bytes_, last->convolution->scratchpad_bytes());
    }
  }

  /// The step that has settled the packed weights of node `number`, or nullptr if no node before it reads them.
  const convolution_step* first_reader(std::int32_t number) const {
    const std::int64_t at = plan_.packed[static_cast<std::size_t>(number)];
    for (const prepared_node& each : nodes_)
      if (at >= 0 && each.packs && plan_.packed[static_cast<std::size_t>(each.number)] == at)
        return each.convolution.get();
    return nullptr;
  }

  const prepared_node* find(std::int32_t number) const {
    for (const prepared_node& each : nodes_)
      if (each.number == number) return &each;
    return nullptr;
  }

  int threads_;
  node_functions functions_;
  kernels::isa isa_;
  engine_owner engine_;
  stream_owner stream_;
  std::size_t scratchpad_bytes_ = 0;
  std::forward_list<prepared_node> nodes_;  // one small allocation a node rather than one great one
};

/// For plans that need no more than `Needs`; others are refused with a backend_error when a node is made or run.
template <needs Needs>
class program_for : public basic_program {
 public:
  /// As a basic_program.
  program_for(const plan_view& plan, int threads) : basic_program(plan, threads, functions_for<Needs>) {}
};

/// For every plan.
using program = program_for<every_need>;
/// For every plan of inference; it compiles faster.
using inference_program = program_for<inference_needs>;

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
