// SPDX-License-Identifier: Apache-2.0
// xtensor's and Eigen's containers and tensor_view are one memory, both ways.
#include <Eigen/Core>
#include <array>
#include <catch2/catch.hpp>
#include <concepts>
#include <cstdint>
#include <utility>
#include <vector>
#include <xtensor/xarray.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xtensor.hpp>

#include "tenon/core/error.hpp"
#include "tenon/core/tensor_view.hpp"
#include "tenon/io/eigen.hpp"
#include "tenon/io/xtensor.hpp"

namespace {

using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using column_major = Eigen::MatrixXf;
using column_tensor = xt::xtensor<float, 2, xt::layout_type::column_major>;

template <class Container>
concept viewable = requires(Container&& container) {
  tenon::view(std::forward<Container>(container));
};

static_assert(viewable<row_major&> && viewable<const row_major&>);
static_assert(!viewable<row_major>, "a view of a temporary would dangle");
static_assert(!viewable<column_major&>, "another order has no view");
static_assert(viewable<xt::xtensor<float, 3>&> && viewable<const xt::xtensor<float, 3>&>);
static_assert(!viewable<xt::xtensor<float, 3>>, "a view of a temporary would dangle");
static_assert(!viewable<column_tensor&>, "another order has no view");

}  // namespace

TEST_CASE("an xtensor is seen in place") {
  xt::xtensor<float, 3> tensor = {{{1, 2, 3}, {4, 5, 6}}};
  const auto view = tenon::view(tensor);
  STATIC_REQUIRE(std::same_as<decltype(view), const tenon::tensor_view<float, 3>>);
  CHECK(view.data() == tensor.data());
  CHECK(view.extents() == std::array<std::int64_t, 3>{1, 2, 3});
  CHECK(view(0, 1, 2) == 6);
  view(0, 1, 0) = 40;
  CHECK(tensor(0, 1, 0) == 40);

  const xt::xtensor<float, 3>& constant = tensor;
  STATIC_REQUIRE(std::same_as<decltype(tenon::view(constant)), tenon::tensor_view<const float, 3>>);
  CHECK(tenon::view(constant).data() == tensor.data());
}

TEST_CASE("an xarray is seen in place if its rank fits") {
  xt::xarray<std::int32_t> array = {{1, 2, 3}, {4, 5, 6}};
  const auto view = tenon::view<2>(array);
  STATIC_REQUIRE(std::same_as<decltype(view), const tenon::tensor_view<std::int32_t, 2>>);
  CHECK(view.data() == array.data());
  CHECK(view(1, 1) == 5);
  const xt::xarray<std::int32_t>& constant = array;
  STATIC_REQUIRE(std::same_as<decltype(tenon::view<2>(constant)), tenon::tensor_view<const std::int32_t, 2>>);
  try {
    tenon::view<4>(array);
    FAIL("no exception");
  } catch (const tenon::shape_error& error) {
    CHECK(error.expected() == "4");
    CHECK(error.found() == "2");
  }
}

TEST_CASE("a view is an xtensor expression on the same memory") {
  std::vector<float> values = {1, 2, 3, 4, 5, 6};
  auto expression = tenon::to_xtensor(tenon::tensor_view<float, 2>(values.data(), 2, 3));
  CHECK(expression.data() == values.data());
  CHECK(expression.shape()[1] == 3);
  CHECK(expression(1, 0) == 4);
  CHECK(xt::sum(expression)() == 21);
  expression += 1.0F;
  CHECK(values == std::vector<float>{2, 3, 4, 5, 6, 7});

  const auto constant = tenon::to_xtensor(tenon::tensor_view<const float, 2>(values.data(), 2, 3));
  CHECK(constant.data() == values.data());
  CHECK(constant(1, 2) == 7);
  const auto none = tenon::to_xtensor(tenon::tensor_view<float, 2>(values.data(), 0, 3));
  CHECK(none.size() == 0);
}

TEST_CASE("an Eigen matrix or vector is seen in place") {
  row_major matrix(2, 3);
  matrix << 1, 2, 3, 4, 5, 6;
  const auto view = tenon::view(matrix);
  STATIC_REQUIRE(std::same_as<decltype(view), const tenon::tensor_view<float, 2>>);
  CHECK(view.data() == matrix.data());
  CHECK(view.extents() == std::array<std::int64_t, 2>{2, 3});
  CHECK(view(1, 0) == 4);
  view(0, 2) = 30;
  CHECK(matrix(0, 2) == 30);
  const row_major& constant = matrix;
  STATIC_REQUIRE(std::same_as<decltype(tenon::view(constant)), tenon::tensor_view<const float, 2>>);

  Eigen::VectorXd column(3);
  column << 1, 2, 3;
  CHECK(tenon::view(column)(2) == 3);
  STATIC_REQUIRE(std::same_as<decltype(tenon::view(column)), tenon::tensor_view<double, 1>>);
  const Eigen::RowVector3d row(4, 5, 6);
  CHECK(tenon::view(row).data() == row.data());
  CHECK(tenon::view(row).extent(0) == 3);
}

TEST_CASE("a view is an Eigen matrix or vector on the same memory") {
  std::vector<float> values = {1, 2, 3, 4, 5, 6};
  auto matrix = tenon::matrix(tenon::tensor_view<float, 2>(values.data(), 2, 3));
  CHECK(matrix.data() == values.data());
  CHECK(matrix.rows() == 2);
  CHECK(matrix.cols() == 3);
  CHECK(matrix(1, 0) == 4);
  matrix *= 2;
  CHECK(values[5] == 12);

  const auto constant = tenon::matrix(tenon::tensor_view<const float, 2>(values.data(), 2, 3));
  CHECK((constant * constant.transpose())(0, 1) == 2 * 8 + 4 * 10 + 6 * 12);
  auto vector = tenon::vector(tenon::tensor_view<float, 1>(values.data(), 6));
  CHECK(vector.data() == values.data());
  CHECK(vector.sum() == 42);
}
