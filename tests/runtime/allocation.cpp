// SPDX-License-Identifier: Apache-2.0
// What is allocated, and when: everything at construction, nothing afterwards; and where every node works.
#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>
#include <memory>

#include "runtime/counting.hpp"
#include "runtime/small.hpp"
#include "tenon/backends/reference/program.hpp"
#include "tenon/models/unet.hpp"

using namespace runtime_test;

namespace {

using plain_segmenter = tenon::predictor<net, tenon::image<2, 3, height, width>, tenon::backend::reference>;

// Enough tensors that a list of them is over 4 KiB.
using unet = tenon::predictor<tenon::models::unet<classes, 4>, tenon::image<1, 3, 33, 50>>;

template <class Model>
std::size_t store_bytes() {
  std::int64_t values = 0;
  for (const auto& entry : Model::parameter_list) values += entry.extents.elements();
  for (const auto& entry : Model::buffer_list) values += entry.extents.elements();
  return static_cast<std::size_t>(tenon::round_up(values * 4, 8)) + Model::buffer_list.size() / 2 * 8;
}

std::vector<std::size_t> large_of(const allocation_counts& counts) {
  REQUIRE(counts.large <= static_cast<int>(counts.sizes.size()));
  std::vector<std::size_t> sizes(counts.sizes.begin(), counts.sizes.begin() + counts.large);
  std::sort(sizes.begin(), sizes.end());
  return sizes;
}

template <class Model>
std::vector<std::size_t> expected_of(const Model& model) {
  const tenon::plan_view& plan = model.execution().plan();
  std::vector<std::size_t> sizes{store_bytes<Model>()};
  for (const std::int64_t bytes : {plan.arena_bytes, plan.packed_bytes, plan.gradient_bytes, plan.optimizer_bytes,
                                   static_cast<std::int64_t>(model.execution().program().scratchpad_bytes())}) {
    if (bytes > 4096) sizes.push_back(static_cast<std::size_t>(bytes));
  }
  std::sort(sizes.begin(), sizes.end());
  return sizes;
}

template <class Model, class... Arguments>
void check_construction(const char* what, const Arguments&... arguments) {
  begin_counting();
  auto model = std::make_unique<Model>(arguments...);
  const allocation_counts counts = end_counting();
  std::cout << what << ": " << counts.ours << " allocations of ours, " << counts.large << " over 4 KiB\n";
  CHECK(large_of(counts) == expected_of(*model));
  CHECK(std::count(counts.sizes.begin(), counts.sizes.end(), static_cast<std::size_t>(Model::arena_bytes)) == 1);
}

/// Runs `call` several times; ours must allocate nothing, oneDNN no more than at the call before.
template <class Call>
void check_calls(const char* what, const Call& call) {
  // In the first call weights are packed and threads are made.
  begin_counting();
  call();
  const allocation_counts first = end_counting();
  CHECK(first.ours == 0);
  allocation_counts before;
  for (int i = 0; i < 6; ++i) {
    begin_counting();
    call();
    const allocation_counts counts = end_counting();
    CHECK(counts.ours == 0);
    if (i > 0) {
      CHECK(counts.onednn == before.onednn);
      CHECK(counts.others == before.others);
    }
    before = counts;
  }
  std::cout << what << ": oneDNN's own allocations a call: " << before.onednn << ", other libraries': " << before.others
            << "\n";
}

/// Every pointer of every node is that of its value: the start of a space plus the plan's offset. Of a workspace parts
/// are used, and packed weights have their bias behind them.
template <class Model>
void check_pointers(const Model& model) {
  using use = tenon::onednn::pointer_use;
  const auto& execution = model.execution();
  const tenon::plan_view& plan = execution.plan();
  int values = 0, packed = 0;
  for (std::int32_t i = 0; i < plan.graph.node_count(); ++i) {
    INFO("node " << i << ": " << tenon::name_of(plan.graph.node_at(i).op));
    const auto visit = [&](use purpose, std::int32_t number, const std::byte* pointer) {
      if (purpose == use::scratchpad) {
        CHECK(pointer == execution.program().spaces().scratchpad);
      } else if (purpose == use::packed) {
        const std::int64_t begin = plan.packed[static_cast<std::size_t>(i)],
                           offset = pointer - execution.program().spaces().packed;
        REQUIRE(begin >= 0);
        CHECK(offset >= begin);
        CHECK(offset < plan.packed_bytes);
        ++packed;
      } else {
        REQUIRE(number >= 0);
        const tenon::placement& place = plan.placements[static_cast<std::size_t>(number)];
        const std::int64_t within = pointer - (execution.program().spaces()[place.space] + place.offset);
        CHECK(within >= 0);
        const bool is_workspace = plan.graph.value_at(number).type == tenon::element_type::byte;
        CHECK(within < (is_workspace ? place.bytes : 1));
        ++values;
      }
    };
    execution.program().for_each_pointer(i, visit);
  }
  CHECK(values > 10);
  CHECK(packed > 0);
  CHECK(plan.arena_bytes == Model::arena_bytes);
}

/// Leaves the process so many bytes of address space beside what it has.
class limited_memory {
 public:
  explicit limited_memory(rlim_t bytes) {
    REQUIRE(getrlimit(RLIMIT_AS, &before_) == 0);
    rlim_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit less = before_;
    less.rlim_cur = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + bytes;
    REQUIRE(setrlimit(RLIMIT_AS, &less) == 0);
  }
  ~limited_memory() { setrlimit(RLIMIT_AS, &before_); }

 private:
  rlimit before_{};
};

/// What a network's construction throws where there is no memory for its arena.
template <class Model>
void check_refusal() {
  const limited_memory limit(Model::arena_bytes / 2);
  const std::string bytes = std::to_string(Model::arena_bytes) + " bytes";
  try {
    Model model{tenon::initialize(1)};
    FAIL("nothing was thrown");
  } catch (const tenon::allocation_error& problem) {
    CHECK(problem.name() == "arena");
    CHECK(problem.expected() == bytes);
    CHECK(problem.what() == "arena: " + bytes + " could not be allocated");
  }
}

}  // namespace

TEST_CASE("an arena that cannot be allocated is an allocation_error that says its size") {
  using large = tenon::image<1, 3, 1024, 2048>;
  check_refusal<tenon::trainer<net, large, loss, optimizer>>();
  check_refusal<tenon::predictor<net, large>>();
  check_refusal<tenon::predictor<net, large, tenon::backend::reference>>();
}

TEST_CASE("the counter sees who allocates") {
  begin_counting();
  auto small = std::make_unique<int>(1);
  auto large = std::make_unique<std::byte[]>(5000);
  std::string text;
  text.append(std::string(100, 'x')).append(5000, 'y');
  void* plain = std::malloc(6000);
  void* aligned = std::aligned_alloc(64, 6400);
  const allocation_counts counts = end_counting();
  CHECK((small && large && plain != nullptr && aligned != nullptr && text.size() == 5100));
  std::free(plain);
  std::free(aligned);
  CHECK(counts.ours >= 6);
  CHECK(counts.large == 4);
  CHECK(std::count(counts.sizes.begin(), counts.sizes.end(), std::size_t{6400}) == 1);
  CHECK(counts.onednn == 0);
  begin_counting();
  dnnl_engine_t engine = nullptr;
  dnnl_stream_t stream = nullptr;
  dnnl_engine_create(&engine, dnnl_cpu, 0);
  dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
  const allocation_counts theirs = end_counting();
  dnnl_stream_destroy(stream);
  dnnl_engine_destroy(engine);
  CHECK(theirs.onednn > 0);
  CHECK(theirs.ours == 0);
}

TEST_CASE("construction allocates the plan's memory and nothing else over 4 KiB") {
  check_construction<segmenter>("predictor", tenon::initialize(1), tenon::threads{2});
  check_construction<teacher>("trainer", tenon::initialize(1), tenon::threads{2});
  check_construction<plain_segmenter>("reference predictor", tenon::initialize(1));
  temporary_folder folder;
  const std::string path = folder.file("small.safetensors");
  teacher(tenon::initialize(1)).save(path);
  check_construction<segmenter>("predictor from a file", tenon::load(path));
  check_construction<teacher>("trainer from a file", tenon::load(path));
  const std::string other = folder.file("unet.safetensors");
  unet(tenon::initialize(1)).save(other);
  check_construction<unet>("U-Net from a file", tenon::load(other));
}

TEST_CASE("calls and steps allocate nothing") {
  const batch data(1);
  for (const int threads : {1, 2}) {
    segmenter predict{tenon::initialize(1), tenon::threads{threads}};
    check_calls("operator()", [&] { predict(data.pictures()); });
    teacher train{tenon::initialize(1), tenon::threads{threads}};
    check_calls("step()", [&] { train.step(data.pictures(), data.labels(), {.learning_rate = 0.01f}); });
    segmenter live{train.parameters(), tenon::threads{threads}};
    check_calls("a step, then operator() with its weights", [&] {
      train.step(data.pictures(), data.labels());
      live(data.pictures());
    });
  }
}

TEST_CASE("every node works at the plan's offsets") {
  const segmenter predict{tenon::initialize(1)};
  check_pointers(predict);
  const teacher train{tenon::initialize(1)};
  check_pointers(train);
}
