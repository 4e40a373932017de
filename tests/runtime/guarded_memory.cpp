// SPDX-License-Identifier: Apache-2.0
// A backend with memory of its own that the host may not touch: the runtime must reach it by the program alone.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/small.hpp"
#include "tenon/models/unet.hpp"

using namespace runtime_test;

namespace {

/// Pages that are closed to reading and writing but while somebody has them open.
class closed_pages {
 public:
  closed_pages() = default;
  explicit closed_pages(std::int64_t bytes) {
    if (bytes == 0) return;
    size_ = whole_pages(bytes);
    void* const made = mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(made != MAP_FAILED);
    begin_ = static_cast<std::byte*>(made);
    is_owner_ = true;
  }
  /// Those of somebody else.
  explicit closed_pages(const tenon::lent_arena& lent) : begin_(lent.begin), size_(whole_pages(lent.bytes)) {}
  closed_pages(closed_pages&& from) noexcept
      : begin_(std::exchange(from.begin_, nullptr)), size_(from.size_), is_owner_(from.is_owner_) {}
  closed_pages& operator=(closed_pages&& from) noexcept {
    std::swap(begin_, from.begin_);
    std::swap(size_, from.size_);
    std::swap(is_owner_, from.is_owner_);
    return *this;
  }
  ~closed_pages() {
    if (is_owner_ && begin_ != nullptr) munmap(begin_, size_);
  }

  std::byte* begin() const { return begin_; }
  void open() const { protect(PROT_READ | PROT_WRITE); }
  void close() const { protect(PROT_NONE); }

 private:
  static std::size_t whole_pages(std::int64_t bytes) {
    const std::int64_t page = sysconf(_SC_PAGESIZE);
    return static_cast<std::size_t>((bytes + page - 1) / page * page);
  }
  void protect(int access) const {
    if (begin_ != nullptr && mprotect(begin_, size_, access) != 0) std::abort();
  }

  std::byte* begin_ = nullptr;
  std::size_t size_ = 0;
  bool is_owner_ = false;
};

/// A program whose memory is closed outside its own calls: what goes in or out is copied, parameters included.
template <class Inner>
class guarded_program {
 public:
  static constexpr bool copies_parameters = true;
  static inline int uploads_of_parameters = 0, downloads_of_parameters = 0;

  guarded_program(const tenon::plan_view& plan, int threads) : plan_(plan), inner_(plan, threads) {}

  void make_memory(std::byte* parameters, const tenon::lent_arena& lent) {
    using space = tenon::memory_space;
    tenon::memory memory;
    const auto make = [&](space which, std::int64_t bytes) {
      closed_pages& pages = pages_[static_cast<std::size_t>(which)];
      const bool borrows = which == space::arena && lent.bytes >= bytes;
      pages = borrows ? closed_pages(lent) : closed_pages(bytes);
      memory[which] = pages.begin();
      if (which == space::optimizer || which == space::gradient) copies_[which].resize(static_cast<std::size_t>(bytes));
    };
    make(space::arena, plan_.arena_bytes);
    make(space::parameter, plan_.parameter_bytes + plan_.buffer_bytes);
    make(space::optimizer, plan_.optimizer_bytes);
    make(space::gradient, plan_.gradient_bytes);
    packed_ = closed_pages(plan_.packed_bytes);
    scratchpad_ = closed_pages(static_cast<std::int64_t>(inner_.scratchpad_bytes()));
    memory.packed = packed_.begin();
    memory.scratchpad = scratchpad_.begin();
    parameters_ = parameters;
    const open_memory opened(*this);
    inner_.bind(memory);
  }

  tenon::lent_arena arena() const { return inner_.arena(); }

  void pack() {
    const open_memory opened(*this);
    inner_.pack();
  }
  void run(std::int32_t first_node, std::int32_t last_node, const tenon::step_arguments& arguments) {
    const open_memory opened(*this);
    inner_.run(first_node, last_node, arguments);
  }

  std::byte* staging(std::int32_t value) {
    if (inner_.operand_of(value).data == nullptr) return nullptr;
    std::vector<std::byte>& copy = values_[value];
    copy.resize(bytes_of(value));
    return copy.data();
  }
  void upload(std::int32_t value) {
    const open_memory opened(*this);
    std::memcpy(inner_.operand_of(value).data, values_.at(value).data(), bytes_of(value));
  }
  const std::byte* download(std::int32_t value) {
    std::byte* to = staging(value);
    const open_memory opened(*this);
    std::memcpy(to, inner_.operand_of(value).data, bytes_of(value));
    return to;
  }

  std::byte* download(tenon::memory_space space, std::int64_t offset, std::int64_t bytes) {
    if (space == tenon::memory_space::parameter) ++downloads_of_parameters;
    std::byte* to = copy_of(space) + offset;
    const open_memory opened(*this);
    std::memcpy(to, inner_.spaces()[space] + offset, static_cast<std::size_t>(bytes));
    return to;
  }
  void upload(tenon::memory_space space, std::int64_t offset, std::int64_t bytes) {
    if (space == tenon::memory_space::parameter) ++uploads_of_parameters;
    if (bytes == 0) return;
    const open_memory opened(*this);
    std::memcpy(inner_.spaces()[space] + offset, copy_of(space) + offset, static_cast<std::size_t>(bytes));
  }
  void clear(tenon::memory_space space) {
    const open_memory opened(*this);
    inner_.clear(space);
  }

  /// Where a space is, which nobody can read.
  const tenon::memory& closed_spaces() const { return inner_.spaces(); }

 private:
  struct open_memory {
    const guarded_program& of;

    explicit open_memory(const guarded_program& owner) : of(owner) {
      of.for_each_pages([](const closed_pages& each) { each.open(); });
    }
    ~open_memory() {
      of.for_each_pages([](const closed_pages& each) { each.close(); });
    }
  };

  template <class Visit>
  void for_each_pages(const Visit& visit) const {
    for (const closed_pages& each : pages_) visit(each);
    visit(packed_);
    visit(scratchpad_);
  }

  std::byte* copy_of(tenon::memory_space space) {
    return space == tenon::memory_space::parameter ? parameters_ : copies_.at(space).data();
  }
  std::size_t bytes_of(std::int32_t value) const {
    const tenon::value& described = plan_.graph.value_at(value);
    return static_cast<std::size_t>(described.extents.elements() * tenon::size_of(described.type));
  }

  tenon::plan_view plan_;
  Inner inner_;
  std::array<closed_pages, tenon::memory_space_count> pages_;
  closed_pages packed_, scratchpad_;
  std::byte* parameters_ = nullptr;
  std::map<std::int32_t, std::vector<std::byte>> values_;
  std::map<tenon::memory_space, std::vector<std::byte>> copies_;
};

/// The backend: it plans and computes as oneDNN does.
struct guarded : tenon::backend_base {
  using capabilities = tenon::onednn::capabilities;
};

}  // namespace

namespace tenon {
inline namespace v0 {

template <class Plan>
struct program_of_plan<guarded, Plan> {
  using type = guarded_program<typename program_of_plan<backend::onednn, Plan>::type>;
};

}  // namespace v0
}  // namespace tenon

namespace {

using input = tenon::image<2, 3, height, width>;
inline constexpr auto unet = tenon::models::unet<classes, 4>;

template <class Backend>
using unet_teacher = tenon::trainer<unet, input, loss, optimizer, tenon::keep_gradients, tenon::accumulate<2>, Backend>;
using guarded_teacher = unet_teacher<guarded>;
using open_teacher = unet_teacher<tenon::backend::onednn>;
template <class Backend>
using unet_segmenter = tenon::predictor<unet, input, Backend>;

constexpr tenon::threads two{2};

/// Whether all values of parameters and running statistics, and the gradients, are the same bit for bit.
void check_same(const guarded_teacher& found, const open_teacher& expected) {
  const auto same = [](const tenon::parameter_view& one, const tenon::parameter_view& other) {
    return one.size() == other.size() && std::memcmp(one.data(), other.data(), one.values.size_bytes()) == 0;
  };
  for (const auto& entry : open_teacher::parameter_list) {
    INFO(entry.name);
    CHECK(same(found.parameter(entry.name), expected.parameter(entry.name)));
    CHECK(same(found.gradient(entry.name), expected.gradient(entry.name)));
  }
  for (const auto& entry : open_teacher::buffer_list) {
    INFO(entry.name);
    CHECK(same(found.parameter(entry.name), expected.parameter(entry.name)));
  }
}

template <class Trainer>
float step_of(Trainer& train, const batch& data) {
  return train.step(data.pictures(), data.labels(), {.learning_rate = 0.05f});
}

/// Whether the host may read at an address: the system says so without a signal.
bool is_readable(const std::byte* address) {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const bool was_read = write(ends[1], address, 1) == 1;
  const int why = errno;
  close(ends[0]);
  close(ends[1]);
  if (!was_read) CHECK(why == EFAULT);
  return was_read;
}

}  // namespace

TEST_CASE("a backend's memory is closed to the host") {
  guarded_teacher train{tenon::initialize(3), two};
  step_of(train, batch(1));
  const tenon::memory& spaces = train.execution().program().closed_spaces();
  for (const std::byte* each : spaces.base) CHECK((each == nullptr || !is_readable(each)));
  CHECK(!is_readable(spaces.packed));
  CHECK(is_readable(train.execution().store()->memory()));
}

TEST_CASE("a U-Net trains in memory that is closed to the host, to the same bits") {
  guarded_teacher train{tenon::initialize(3), two};
  open_teacher twin{tenon::initialize(3), two};
  for (std::uint64_t i = 0; i < 5; ++i) {
    CHECK(step_of(train, batch(i)) == step_of(twin, batch(i)));
    check_same(train, twin);
  }
  // Of a batch without labels nothing counts: the update of two steps is made without a backward pass.
  batch nothing(9);
  for (std::uint8_t& label : nothing.classes_of) label = 200;
  for (int i = 0; i < 2; ++i) {
    const auto found = train.step(nothing.pictures(), nothing.labels());
    CHECK(found.updated == twin.step(nothing.pictures(), nothing.labels()).updated);
    check_same(train, twin);
  }
  // Values assigned between two steps are those of the next.
  const std::vector<float> bias(classes, 0.25f);
  train.parameters().assign("outc.bias", tenon::tensor_view{bias, classes});
  twin.parameters().assign("outc.bias", tenon::tensor_view{bias, classes});
  CHECK(step_of(train, batch(7)) == step_of(twin, batch(7)));
  check_same(train, twin);
}

TEST_CASE("parameters go to closed memory and come home when they have changed, and else stay") {
  using program = guarded_teacher::program_type;
  guarded_teacher train{tenon::initialize(3), two};
  program::uploads_of_parameters = program::downloads_of_parameters = 0;
  for (std::uint64_t i = 0; i < 4; ++i) step_of(train, batch(i));
  CHECK(program::uploads_of_parameters == 1);
  CHECK(program::downloads_of_parameters == 0);
  CHECK(train.parameter("outc.bias").size() == classes);
  CHECK(train.parameter(guarded_teacher::parameter_list[0].name).size() > 0);
  CHECK(program::downloads_of_parameters == 1);
  step_of(train, batch(5));
  CHECK(program::uploads_of_parameters == 1);
  train.parameters().assign("outc.bias", train.parameter("outc.bias"));
  step_of(train, batch(6));
  CHECK(program::uploads_of_parameters == 2);
}

TEST_CASE("predictors and evaluations see what a trainer in closed memory has learnt") {
  const batch data(11);
  guarded_teacher train{tenon::initialize(3), two};
  open_teacher twin{tenon::initialize(3), two};
  unet_segmenter<guarded> closed{train.parameters(), two};
  unet_segmenter<tenon::backend::onednn> open{train.parameters(), two}, expected{twin.parameters(), two};
  for (std::uint64_t i = 0; i < 3; ++i) {
    step_of(train, batch(i));
    step_of(twin, batch(i));
    const std::vector<float> logits = copy_of(expected(data.pictures()));
    CHECK(copy_of(closed(data.pictures())) == logits);
    CHECK(copy_of(open(data.pictures())) == logits);
    CHECK(train.evaluate(data.pictures(), data.labels()).loss == twin.evaluate(data.pictures(), data.labels()).loss);
  }
  // The other way round: the host's trainer changes what the closed predictor has.
  unet_segmenter<guarded> follower{twin.parameters(), two};
  step_of(twin, data);
  CHECK(copy_of(follower(data.pictures())) == copy_of(expected(data.pictures())));
}

TEST_CASE("a trainer in closed memory writes and reads checkpoints") {
  temporary_folder folder;
  const std::string path = folder.file("closed.safetensors");
  guarded_teacher train{tenon::initialize(3), two};
  for (std::uint64_t i = 0; i < 3; ++i) step_of(train, batch(i));  // the third step's gradients wait
  train.save_checkpoint(path);
  guarded_teacher resumed{tenon::initialize(4), two};
  open_teacher twin{tenon::initialize(5), two};
  step_of(resumed, batch(6));
  resumed.load_checkpoint(path);
  twin.load_checkpoint(path);
  for (std::uint64_t i = 3; i < 6; ++i) {
    const float found = step_of(train, batch(i));
    CHECK(step_of(resumed, batch(i)) == found);
    CHECK(step_of(twin, batch(i)) == found);
    check_same(resumed, twin);
    check_same(train, twin);
  }
}

TEST_CASE("values come home before the program that has them goes, and move with a trainer") {
  open_teacher twin{tenon::initialize(3), two};
  std::optional<guarded_teacher> train(std::in_place, tenon::initialize(3), two);
  const tenon::parameters<unet> kept = train->parameters();
  step_of(*train, batch(1));
  guarded_teacher moved(std::move(*train));
  train.reset();
  step_of(moved, batch(2));
  step_of(twin, batch(1));
  step_of(twin, batch(2));
  check_same(moved, twin);
  step_of(moved, batch(3));
  step_of(twin, batch(3));
  step_of(moved, batch(4));
  step_of(twin, batch(4));
  moved = guarded_teacher{tenon::initialize(8), two};
  for (const auto& entry : open_teacher::parameter_list)
    CHECK(copy_of(kept.parameter(entry.name)) == copy_of(twin.parameter(entry.name)));
}
