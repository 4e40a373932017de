// SPDX-License-Identifier: Apache-2.0
// The names of parameters: as PyTorch's Sequential has them, in order of first use.
#include "support/graph_text.hpp"
#include "tenon/layers/layers.hpp"

namespace {

using namespace tenon::layers;
using namespace tenon_test;

// A layer alone has no scope; a chain counts all its layers.
inline constexpr auto alone = conv2d<4>{};
static_assert(has_names<alone>({"weight", "bias"}));

inline constexpr auto row = conv2d<4>{} >> relu{} >> conv2d<4, no_bias>{} >> batch_norm{};
static_assert(has_names<row>({"0.weight", "0.bias", "2.weight", "3.weight", "3.bias"}));
static_assert(has_buffers<row>({"3.running_mean", "3.running_var"}));

// Chains flatten, however they are bracketed.
inline constexpr auto left = (conv2d<4, no_bias>{} >> relu{}) >> (relu{} >> conv2d<4, no_bias>{});
inline constexpr auto right = conv2d<4, no_bias>{} >> (relu{} >> (relu{} >> conv2d<4, no_bias>{}));
static_assert(has_names<left>({"0.weight", "3.weight"}));
static_assert(has_names<right>({"0.weight", "3.weight"}));

// A named layer has no number, a named chain counts below its name, names join with dots.
inline constexpr auto named_layer = name<"head">(conv2d<4>{});
static_assert(has_names<named_layer>({"head.weight", "head.bias"}));
inline constexpr auto named_chain = name<"outer">(name<"inner">(conv2d<4, no_bias>{} >> conv2d<4, no_bias>{}));
static_assert(has_names<named_chain>({"outer.inner.0.weight", "outer.inner.1.weight"}));

// A named member takes a position but is spelled by its name.
inline constexpr auto member = conv2d<4, no_bias>{} >> name<"middle">(conv2d<4, no_bias>{}) >> conv2d<4, no_bias>{};
static_assert(has_names<member>({"0.weight", "middle.weight", "2.weight"}));

// A repetition takes as many positions as it has copies; a repeated chain is one position a copy.
inline constexpr auto repeated = conv2d<4, no_bias>{} >> repeat<3>(conv2d<4, no_bias>{}) >> conv2d<4, no_bias>{};
static_assert(has_names<repeated>({"0.weight", "1.weight", "2.weight", "3.weight", "4.weight"}));
inline constexpr auto repeated_chain = repeat<2>(relu{} >> conv2d<4, no_bias>{}) >> conv2d<4, no_bias>{};
static_assert(has_names<repeated_chain>({"0.1.weight", "1.1.weight", "2.weight"}));
inline constexpr auto named_repetition = name<"body">(repeat<2>(conv2d<4, no_bias>{}));
static_assert(has_names<named_repetition>({"body.0.weight", "body.1.weight"}));

// Inside a lambda each unnamed call takes the next number of its scope; free functions take none.
inline constexpr auto lambda = [](auto x) {
  auto a = conv2d<4, no_bias>{}(x);
  auto b = (conv2d<4, no_bias>{} >> relu{} >> conv2d<4, no_bias>{})(x);
  auto sum = add(a, resize_like(concat(a, b), x).to == nullptr ? a : b);
  auto c = name<"named">(conv2d<4, no_bias>{})(sum);
  return repeat<2>(conv2d<4, no_bias>{})(relu{}(c));
};
static_assert(has_names<lambda>({"0.weight", "1.0.weight", "1.2.weight", "named.weight", "3.weight", "4.weight"}));

// A number behind a name, also one that runs.
inline constexpr auto numbered = [](auto x) {
  for (int i = 0; i < 12; ++i) x = name<"block">(conv2d<4, no_bias>{}, i)(x);
  return name<"block">(conv2d<4, no_bias>{} >> relu{}, 12)(x);
};
static_assert(has_names<numbered>({"block.0.weight", "block.1.weight", "block.2.weight", "block.3.weight",
                                   "block.4.weight", "block.5.weight", "block.6.weight", "block.7.weight",
                                   "block.8.weight", "block.9.weight", "block.10.weight", "block.11.weight",
                                   "block.12.0.weight"}));

// A name may go down several scopes at once; what is no name does not compile.
inline constexpr auto dotted = name<"encoder.stem">(conv2d<4, no_bias>{}) >>
                               name<"encoder">(name<"body.0">(conv2d<4, no_bias>{})) >> name<"7">(conv2d<4, no_bias>{});
static_assert(has_names<dotted>({"encoder.stem.weight", "encoder.body.0.weight", "7.weight"}));
static_assert(is_name("a") && is_name("0") && is_name("block_3") && is_name("encoder.level-1.0") && is_name("größe"));
static_assert(!is_name("") && !is_name(".") && !is_name(".a") && !is_name("a.") && !is_name("a..b"));
static_assert(!is_name(" ") && !is_name("a b") && !is_name("a\tb") && !is_name("a\n") && !is_name("a\x7f"));
// Two ways to one scope are two things of one name.
static_assert(problem_of(name<"a.b">(conv2d<4>{}) >> name<"a">(name<"b">(relu{}))) == tenon::problem::name_used_twice);

// Lambdas stand in chains, at a position of their own; two bare ones by `chain`.
inline constexpr auto twice = [](auto x) { return conv2d<4, no_bias>{}(conv2d<4, no_bias>{}(x)); };
inline constexpr auto mixed = conv2d<4, no_bias>{} >> twice >> conv2d<4, no_bias>{};
static_assert(has_names<mixed>({"0.weight", "1.0.weight", "1.1.weight", "2.weight"}));
inline constexpr auto lambda_first = twice >> relu{} >> conv2d<4, no_bias>{};
static_assert(has_names<lambda_first>({"0.0.weight", "0.1.weight", "2.weight"}));
inline constexpr auto pair = chain(twice, twice);
static_assert(has_names<pair>({"0.0.weight", "0.1.weight", "1.0.weight", "1.1.weight"}));
inline constexpr auto named_lambda = name<"a">(twice) >> name<"b">(twice);
static_assert(has_names<named_lambda>({"a.0.weight", "a.1.weight", "b.0.weight", "b.1.weight"}));

// Order is that of first use, and dead layers keep their parameters.
inline constexpr auto crossed = [](auto x) {
  auto second = name<"z">(conv2d<4, no_bias>{});
  auto first = name<"a">(conv2d<4, no_bias>{});
  name<"dead">(conv2d<2, no_bias>{})(x);
  return first(second(x));
};
static_assert(has_names<crossed>({"dead.weight", "z.weight", "a.weight"}));
static_assert(tenon::plan_of<crossed, tenon::image<1, 4, 8, 8>>::macs == 2 * 8 * 8 * 4 * 4);

// Shapes and trainability stand beside the names.
constexpr auto& list = tenon::plan_of<row, tenon::image<1, 4, 8, 8>>::parameter_list;
static_assert(list[0].extents == tenon::shape(4, 4, 1, 1) && list[1].extents == tenon::shape(4));
static_assert(list[0].trainable && list[4].trainable);
constexpr auto& buffers = tenon::plan_of<row, tenon::image<1, 4, 8, 8>>::buffer_list;
static_assert(buffers[0].extents == tenon::shape(4) && !buffers[0].trainable);

}  // namespace
