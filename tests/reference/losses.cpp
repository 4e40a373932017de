// SPDX-License-Identifier: Apache-2.0
// The reference losses against values of PyTorch 2, and their gradients.
#include "harness.hpp"
#include "tenon/core/finite.hpp"

namespace {
using namespace harness;
const shape scalar{};
}  // namespace

TEST_CASE("mean square error and its gradient") {
  for (const shape& of : {shape(1, 1, 1, 1), shape(3, 5, 3, 7), shape(1, 3, 2, 3, 1)}) {
    const auto x = random(of, 1), target = random(of, 2);
    attributes attribute;
    attribute.scale = 0.4;
    const auto loss = evaluate_both(operation::mean_square, attribute, {x, target}, {scalar});
    double expected = 0;
    for (std::size_t i = 0; i < x.values.size(); ++i)
      expected += std::pow(x.values[i] - target.values[i], 2) / static_cast<double>(x.values.size());
    CHECK(loss[0].values[0] == Approx(0.4 * expected).epsilon(1e-12));
    const auto dx = evaluate_both(operation::mean_square_gradient, attribute, {x, target}, {of});
    const auto forward = [&](const std::vector<tensor<double>>& operands) {
      return evaluate<double>(operation::mean_square, attribute, operands, {scalar})[0];
    };
    check_gradient(forward, {x, target}, 0, tensor<double>(scalar, 1), dx[0]);
  }
}

TEST_CASE("cross entropy has PyTorch's values") {
  const shape of(1, 3, 2, 2);
  const tensor<double> logits(of, {0.2, -1, 3, 0.5, 1.5, -0.7, 2, 0.1, -2, 1, 0, 0.3});
  const auto target = labels(shape(1, 2, 2), {2, 0, 7, 1});
  attributes attribute;
  attribute.has_ignored = true;
  attribute.ignored = 7;
  const auto expect = [&](const std::vector<float>& weights, double divisor, double loss,
                          const std::vector<double>& gradient) {
    attribute.class_weights = {0, static_cast<std::int32_t>(weights.size())};
    for (const double scale : {1.0, 0.3}) {
      attribute.scale = scale;
      const auto found =
          evaluate_both(operation::cross_entropy, attribute, {logits, target}, {scalar, scalar}, weights);
      CHECK(found[0].values[0] == Approx(scale * loss).epsilon(1e-10));
      CHECK(found[1].values[0] == divisor);
      auto scaled = gradient;
      for (double& each : scaled) each *= scale;
      const auto dx =
          evaluate_both(operation::cross_entropy_gradient, attribute, {logits, target, found[1]}, {of}, weights);
      CHECK(relative_difference(dx[0].values, scaled) < 1e-10);
    }
  };
  expect({}, 3, 2.45083085618,
         {0.0697335506513, -0.29910638541, 0, 0.133919859511, 0.255873085026, 0.0462015471106, 0, -0.243564166941,
          -0.325606635677, 0.2529048383, 0, 0.10964430743});
  expect({0.5F, 2.0F, 1.25F}, 3.75, 2.2579852016,
         {0.0697335506513, -0.119642554164, 0, 0.214271775218, 0.255873085026, 0.0184806188442, 0, -0.389702667105,
          -0.325606635677, 0.10116193532, 0, 0.175430891887});
}

TEST_CASE("cross entropy of resized logits has PyTorch's values") {
  // cross_entropy(interpolate(logits, size=(3, 5), ...), labels, weight, ignore_index=7)
  const shape of(1, 3, 2, 2);
  const tensor<double> logits(of, {0.2, -1, 3, 0.5, 1.5, -0.7, 2, 0.1, -2, 1, 0, 0.3});
  const auto target = labels(shape(1, 3, 5), {2, 0, 7, 1, 1, 0, 2, 1, 7, 0, 1, 1, 2, 0, 2});
  const auto expect = [&](interpolation mode, const std::vector<float>& weights, double loss,
                          const std::vector<double>& gradient) {
    attributes attribute;
    attribute.has_ignored = true;
    attribute.ignored = 7;
    attribute.interpolation = mode;
    attribute.class_weights = {0, static_cast<std::int32_t>(weights.size())};
    const auto found =
        evaluate_both(operation::resized_cross_entropy, attribute, {logits, target}, {scalar, scalar}, weights);
    CHECK(found[0].values[0] == Approx(loss).epsilon(1e-10));
    const auto dx =
        evaluate_both(operation::resized_cross_entropy_gradient, attribute, {logits, target, found[1]}, {of}, weights);
    CHECK(relative_difference(dx[0].values, gradient) < 1e-10);
  };
  expect(interpolation::linear, {}, 1.67376657682,
         {-0.0347469071052, -0.00892631311981, 0.122084913218, 9.86444261379e-05, 0.130598764819, -0.116572725254,
          -0.0677472363629, 0.044926948052, -0.0958518577134, 0.125499038374, -0.0543376768547, -0.0450255924781});
  expect(interpolation::linear, {0.5F, 2.0F, 1.25F}, 1.70985783721,
         {0.014890491184, 0.0263384446343, 0.194174565896, 0.0466901222424, 0.0741397307418, -0.195447713839,
          -0.1455352353, 0.0174676390696, -0.0890302219258, 0.169109269205, -0.0486393305957, -0.0641577613119});
  expect(interpolation::linear_align_corners, {}, 1.5797884969,
         {-0.0250331402179, -0.0136509475875, 0.104264744069, 0.0197588341683, 0.108449914966, -0.0901146501915,
          -0.0588029667206, 0.0367656468274, -0.0834167747477, 0.103765597779, -0.0454617773484, -0.0565244809958});
  expect(interpolation::linear_align_corners, {0.5F, 2.0F, 1.25F}, 1.60606010141,
         {0.0199501170534, 0.0275967970838, 0.174556542529, 0.0640209886062, 0.0557654783128, -0.165107026564,
          -0.133729761102, 0.00646689173684, -0.0757155953663, 0.137510229481, -0.0408267814268, -0.0704878803431});
  expect(interpolation::nearest, {}, 1.94011813724,
         {-0.0733843646331, -0.0532274975916, 0.162781041392, -0.0151139109949, 0.218315098107, -0.121860467385,
          -0.0939623553056, 0.0414319229504, -0.144930733474, 0.175087964977, -0.0688186860863, -0.0263180119556});
  expect(interpolation::nearest, {0.5F, 2.0F, 1.25F}, 1.88089783454,
         {0.00885903445567, -0.00223154135512, 0.217839334804, 0.0119458389667, 0.130700347231, -0.198604653765,
          -0.155155504894, 0.0277228307977, -0.139559381687, 0.20083619512, -0.0626838299096, -0.0396686697644});
}

TEST_CASE("the gradient of cross entropy is that of the loss") {
  struct loss_case {
    shape logits, labels;
  };
  for (const auto& [of, target_shape] : {loss_case{shape(1, 1, 1, 1), shape(1, 1, 1)},
                                         {shape(3, 5, 3, 1), shape(3, 3, 1)},
                                         {shape(2, 19, 2, 1, 3), shape(2, 2, 1, 3)}}) {
    CAPTURE(of.extents);
    std::vector<std::int32_t> given;
    for (int i = 0; i < target_shape.elements(); ++i) given.push_back(i * 7 % of.channels());
    if (given.size() > 2) given[2] = 255;
    attributes attribute;
    attribute.has_ignored = true;
    attribute.ignored = 255;
    attribute.scale = 1.7;
    // The weights do not begin the pool.
    std::vector<float> reals{99};
    for (int c = 0; c < of.channels(); ++c) reals.push_back(0.5F + static_cast<float>(c % 3));
    attribute.class_weights = {1, of.channels()};
    const auto x = random(of, 1), target = labels(target_shape, given);
    const auto loss = evaluate_both(operation::cross_entropy, attribute, {x, target}, {scalar, scalar}, reals);
    const auto dx = evaluate_both(operation::cross_entropy_gradient, attribute, {x, target, loss[1]}, {of}, reals);
    const auto forward = [&](const std::vector<tensor<double>>& operands) {
      return evaluate<double>(operation::cross_entropy, attribute, operands, {scalar, scalar}, reals)[0];
    };
    check_gradient(forward, {x, target}, 0, tensor<double>(scalar, 1), dx[0]);
  }
}

TEST_CASE("cross entropy of great logits is finite") {
  const tensor<double> logits(shape(1, 2, 1, 1), {1000, -1000});
  const auto found =
      evaluate_both(operation::cross_entropy, {}, {logits, labels(shape(1, 1, 1), {1})}, {scalar, scalar});
  CHECK(found[0].values[0] == 2000);
}

TEST_CASE("where no label counts the loss and its gradient are 0") {
  const shape of(1, 3, 1, 2);
  const auto logits = random(of, 1), target = labels(shape(1, 1, 2), {-100, -100});
  attributes attribute;
  attribute.has_ignored = true;
  attribute.ignored = -100;
  const auto loss = evaluate<double>(operation::cross_entropy, attribute, {logits, target}, {scalar, scalar});
  CHECK(loss[0].values[0] == 0);
  CHECK(loss[1].values[0] == 0);
  const auto dx = evaluate<double>(operation::cross_entropy_gradient, attribute, {logits, target, loss[1]}, {of});
  CHECK(dx[0].values == std::vector<double>(6, 0.0));
}

TEST_CASE("a label outside the classes is refused by name") {
  const auto logits = random(shape(1, 3, 1, 1), 1);
  for (const std::int32_t label : {-1, 3}) {
    try {
      evaluate<double>(operation::cross_entropy, {}, {logits, labels(shape(1, 1, 1), {label})}, {scalar, scalar});
      FAIL("no error");
    } catch (const label_error& problem) {
      CHECK(problem.expected() == "0 to 2");
      CHECK(problem.found() == std::to_string(label));
    }
  }
}

TEST_CASE("the total loss is the sum") {
  const std::vector<tensor<double>> losses{tensor<double>(scalar, 1.5), tensor<double>(scalar, -4),
                                           tensor<double>(scalar, 0.25)};
  CHECK(evaluate_both(operation::total_loss, {}, losses, {scalar})[0].values[0] == -2.25);
}
