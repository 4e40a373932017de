// SPDX-License-Identifier: Apache-2.0
// scale_width, separable, bottleneck: rewrites that make a network's convolutions smaller.
#pragma once

#include <algorithm>
#include <numeric>
#include <tuple>

#include "tenon/layers/convolution.hpp"
#include "tenon/layers/rewrite.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// An option of scale_width: channels become multiples of this. Default 8.
template <int Count>
struct multiple {
  static_assert(Count >= 1, "channels are multiples of 1 or more");
};

/// An option of separable and bottleneck: what stands between two of their convolutions, between<batch_norm<>, relu>.
/// Default nothing.
template <class... Parts>
struct between {};

template <class Option>
inline constexpr int multiple_of = 0;
template <int Count>
inline constexpr int multiple_of<multiple<Count>> = Count;

template <class Option>
inline constexpr bool is_between = false;
template <class... Parts>
inline constexpr bool is_between<between<Parts...>> = true;

template <class Option>
struct parts_between {
  using type = std::tuple<>;
};
template <class... Parts>
struct parts_between<between<Parts...>> {
  using type = std::tuple<Parts...>;
};

// Options of convolutions by what they set.
template <class Option>
inline constexpr bool sets_groups =
    std::is_same_v<std::remove_cv_t<decltype(Option::sets)>, std::int32_t convolution_options::*>;
template <class Option>
inline constexpr bool sets_weights =
    std::is_same_v<std::remove_cv_t<decltype(Option::sets)>, bool weight_options::*> ||
    std::is_same_v<std::remove_cv_t<decltype(Option::sets)>, initializer weight_options::*>;

template <bool Kept, class Option>
using option_if = std::conditional_t<Kept, std::tuple<Option>, std::tuple<>>;
/// The options but for groups, and those of weights alone, as a std::tuple.
template <class... Options>
using without_groups = decltype(std::tuple_cat(option_if<!sets_groups<Options>, Options>()...));
template <class... Options>
using weights_only = decltype(std::tuple_cat(option_if<sets_weights<Options>, Options>()...));

// Convolutions with options from a std::tuple, and such as stand there already.
template <int Rank, int Channels, class... More, class... Options>
constexpr convolution<Rank, Channels, More..., Options...> convolution_with(std::tuple<Options...>) {
  return {};
}
template <int Rank, int Multiplier, class... More, class... Options>
constexpr depthwise_convolution<Rank, Multiplier, More..., Options...> depthwise_with(std::tuple<Options...>) {
  return {};
}
template <int Rank, int Channels, class... More, class... Options>
constexpr transposed_convolution<Rank, Channels, More..., Options...> transposed_with(std::tuple<Options...>) {
  return {};
}

/// What rules ask of a layer: whether it looks around over all channels, and its options.
template <class Layer>
struct convolution_traits {
  static constexpr bool is_dense = false, has_width = false;
};
template <int Rank, int Channels, class... Options>
struct convolution_traits<convolution<Rank, Channels, Options...>> {
  static constexpr int rank = Rank, channels = Channels;
  static constexpr int groups = collect<convolution_options, Options...>().groups;
  static constexpr extent3 window = window_attributes<Rank, convolution_options, Options...>(true, false).kernel;
  static constexpr bool is_dense = groups == 1 && (window[0] > 1 || window[1] > 1 || window[2] > 1);
  static constexpr bool has_width = true;
  using others = without_groups<Options...>;
  using weights = weights_only<Options...>;
};
template <int Rank, int Channels, class... Options>
struct convolution_traits<transposed_convolution<Rank, Channels, Options...>> {
  static constexpr int rank = Rank, channels = Channels;
  static constexpr int groups = collect<transposed_options, Options...>().groups;
  static constexpr bool is_dense = false, has_width = true;
  using others = without_groups<Options...>;
};
template <class Layer>
inline constexpr bool is_transposed = false;
template <int Rank, int Channels, class... Options>
inline constexpr bool is_transposed<transposed_convolution<Rank, Channels, Options...>> = true;

/// Channels times a factor, rounded to the nearest multiple, to none below it, and not by more than a tenth down (as
/// MobileNet's reference code).
constexpr int scaled_channels(int channels, double factor, int multiple) {
  const double wanted = channels * factor;
  const int rounded = std::max(multiple, static_cast<int>(wanted + multiple / 2.0) / multiple * multiple);
  return rounded < 0.9 * wanted ? rounded + multiple : rounded;
}

/// First, if its input has one of the given numbers of channels; else Second.
template <class First, class Second, int... Channels>
struct chosen_by_channels : layer<chosen_by_channels<First, Second, Channels...>> {
  constexpr auto body(symbolic auto x) const {
    if (((x.channels() == Channels) || ...)) return call_body(First{}, x);
    return call_body(Second{}, x);
  }
};

/// The rule of scale_width.
template <real Factor, class... Options>
struct scaling : rule<Options...> {
  static_assert(Factor.value() > 0, "a width's factor is positive");
  static constexpr int multiple = (0 + ... + multiple_of<Options>) == 0 ? 8 : (0 + ... + multiple_of<Options>);
  static_assert(((multiple_of<Options> != 0 || is_exception<Options>)&&...),
                "scale_width takes except<...> and multiple<...>");

  template <class Layer>
  static constexpr bool matches = convolution_traits<Layer>::has_width;

  template <class Layer>
  static constexpr auto replacement() {
    using traits = convolution_traits<Layer>;
    constexpr int rank = traits::rank, given = traits::groups, channels = traits::channels;
    static_assert(channels * Factor.value() < (1 << 30), "a width that is scaled stays below 2^30 channels");
    // Groups stay as many, but for a depthwise convolution, which has as many as its input has channels.
    constexpr int width = scaled_channels(channels, Factor.value(), std::lcm(multiple, given));
    constexpr int scaled_groups = scaled_channels(given, Factor.value(), multiple);
    constexpr typename traits::others others;
    if constexpr (is_transposed<Layer>) {
      if constexpr (given == 1) {
        return transposed_with<rank, width>(others);
      } else if constexpr (given == channels) {
        return chosen_by_channels<Layer, decltype(transposed_with<rank, scaled_groups, groups<scaled_groups>>(others)),
                                  given>();
      } else {
        return transposed_with<rank, width, groups<given>>(others);
      }
    } else if constexpr (given == 1) {
      return convolution_with<rank, width>(others);
    } else if constexpr (given == channels) {
      return depthwise_with<rank, 1>(others);
    } else {
      return chosen_by_channels<decltype(depthwise_with<rank, channels / given>(others)),
                                decltype(convolution_with<rank, width, groups<given>>(others)), given, scaled_groups>();
    }
  }
};

/// The channels of all convolutions times a factor: scale_width<0.5, except<"classifier">>(net).
///
/// Rounded to the nearest multiple of 8, never to less than 8, and not by more than a tenth down, as MobileNet's width
/// multiplier. Depthwise convolutions (as many groups as channels) have the channels of their input, other groups stay
/// as many. Linear layers and the sizes of a split stay. The last layer keeps its classes only if it is excepted.
/// options: except<"...">, multiple<8>
/// example: scale_width<0.5, except<"head">>(conv2d<32, kernel<3>>{} >> relu{} >> name<"head">(conv2d<11>{}))
template <real Factor, class... Options, class Part>
constexpr auto scale_width(const Part& part) {
  return rewrite<scaling<Factor, Options...>>(part);
}

/// What the rules for dense convolutions have in common: they act on those with a kernel beyond 1 and without groups,
/// and put parts between what they make.
template <class... Options>
struct dense_rule : rule<Options...> {
  static_assert(((is_between<Options> || is_exception<Options>)&&...), "it takes except<...> and between<...>");

  template <class Layer>
  static constexpr bool matches = convolution_traits<Layer>::is_dense;

 protected:
  // The parts in a row, with what stands between them.
  template <class First, class... Rest>
  static constexpr auto join(const First& first, const Rest&... rest) {
    using Between = decltype(std::tuple_cat(typename parts_between<Options>::type()...));
    return std::apply([](const auto&... parts) { return chain_of<std::remove_cvref_t<decltype(parts)>...>(parts...); },
                      std::tuple_cat(std::tuple<First>(first), std::tuple_cat(Between(), std::tuple<Rest>(rest))...));
  }
};

/// The rule of `separable`.
template <class... Options>
struct separating : dense_rule<Options...> {
  template <class Layer>
  static constexpr auto replacement() {
    using traits = convolution_traits<Layer>;
    return dense_rule<Options...>::join(depthwise_with<traits::rank, 1>(typename traits::others()),
                                        convolution_with<traits::rank, traits::channels>(typename traits::weights()));
  }
};

/// Every convolution that has a kernel beyond 1 and no groups becomes a depthwise and a pointwise one (Howard et al.
/// 2017): separable(net), separable<between<batch_norm<>, relu>, except<"stem">>(net).
///
/// The depthwise one has the kernel, stride, dilation and padding; both have a bias where the dense one had it.
/// Parameters: "conv.weight" becomes "conv.0.weight" and "conv.1.weight", or "conv.3.weight" with two parts between.
/// options: except<"...">, between<Parts...>
/// example: separable<between<batch_norm<>>>(conv2d<16, kernel<3>, no_bias>{} >> relu{})
template <class... Options, class Part>
constexpr auto separable(const Part& part) {
  return rewrite<separating<Options...>>(part);
}

/// The rule of `bottleneck`.
template <int Reduction, class... Options>
struct narrowing : dense_rule<Options...> {
  static_assert(Reduction >= 1, "a bottleneck's reduction is at least 1");

  template <class Layer>
  static constexpr auto replacement() {
    using traits = convolution_traits<Layer>;
    constexpr int rank = traits::rank, inner = std::max(1, traits::channels / Reduction);
    constexpr typename traits::weights weights;
    return dense_rule<Options...>::join(convolution_with<rank, inner>(weights),
                                        convolution_with<rank, inner>(typename traits::others()),
                                        convolution_with<rank, traits::channels>(weights));
  }
};

/// Every convolution of C channels that has a kernel beyond 1 and no groups becomes a bottleneck (He et al. 2016): a
/// pointwise one to C / Reduction channels (rounded down, at least 1), the same convolution over these, and a pointwise
/// one to C channels: bottleneck<4>(net), bottleneck<4, between<batch_norm<>, relu>>(net).
///
/// The middle one has the kernel, stride, dilation and padding; all have a bias where the dense one had it. Parameters:
/// "conv.weight" becomes "conv.0.weight", "conv.1.weight", "conv.2.weight", counting also what stands between.
/// options: except<"...">, between<Parts...>
/// example: bottleneck<4, except<"stem">>(name<"stem">(conv2d<32, kernel<3>>{}) >> relu{} >> conv2d<32, kernel<3>>{})
template <int Reduction, class... Options, class Part>
constexpr auto bottleneck(const Part& part) {
  return rewrite<narrowing<Reduction, Options...>>(part);
}

}  // namespace layers
}  // namespace v0
}  // namespace tenon
