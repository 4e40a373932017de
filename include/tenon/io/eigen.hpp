// SPDX-License-Identifier: Apache-2.0
// Eigen's matrices and vectors as tensor_view and back, on the same memory.
#pragma once

#if !__has_include(<Eigen/Core>)
#  include "tenon/core/language.hpp"
#  error "Eigen was not found. Debian: apt-get install libeigen3-dev; by hand also -I/usr/include/eigen3"
#  include TENON_STOP
#endif

#include <Eigen/Core>
#include <cstdint>
#include <type_traits>

#include "tenon/core/tensor_view.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

template <class T, class Plain>
using eigen_map = Eigen::Map<std::conditional_t<std::is_const_v<T>, const Plain, Plain>>;

/// The one order in which tensor_view and Eigen agree; a vector lies the same in both of Eigen's.
template <class Matrix>
concept row_major_matrix = !static_cast<bool>(Matrix::IsVectorAtCompileTime) && static_cast<bool>(Matrix::IsRowMajor);

}  // namespace detail

/// A view of (rows, columns) as an Eigen matrix in row-major order.
template <class T>
auto matrix(const tensor_view<T, 2>& tensor) {
  using matrix = Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return detail::eigen_map<T, matrix>(tensor.data(), tensor.extent(0), tensor.extent(1));
}

/// A view of rank 1 as an Eigen column vector.
template <class T>
auto vector(const tensor_view<T, 1>& tensor) {
  using matrix = Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, 1>;
  return detail::eigen_map<T, matrix>(tensor.data(), tensor.extent(0));
}

/// Sees an Eigen matrix in row-major order as (rows, columns), a vector as rank 1; valid until it is resized or
/// destroyed. A matrix in Eigen's default, column-major order has no view.
template <class T, int Rows, int Columns, int Options, int MaxRows, int MaxColumns>
requires detail::row_major_matrix<Eigen::Matrix<T, Rows, Columns, Options, MaxRows, MaxColumns>> tensor_view<T, 2> view(
    Eigen::Matrix<T, Rows, Columns, Options, MaxRows, MaxColumns>& values) {
  return tensor_view<T, 2>(values.data(), values.rows(), values.cols());
}
template <class T, int Rows, int Columns, int Options, int MaxRows, int MaxColumns>
requires detail::row_major_matrix<Eigen::Matrix<T, Rows, Columns, Options, MaxRows, MaxColumns>> tensor_view<const T, 2>
view(const Eigen::Matrix<T, Rows, Columns, Options, MaxRows, MaxColumns>& values) {
  return tensor_view<const T, 2>(values.data(), values.rows(), values.cols());
}
template <class T, int Rows, int Columns, int Options, int MaxRows, int MaxColumns>
requires(Rows == 1 ||
         Columns == 1) tensor_view<T, 1> view(Eigen::Matrix<T, Rows, Columns, Options, MaxRows, MaxColumns>& values) {
  return tensor_view<T, 1>(values.data(), values.size());
}
template <class T, int Rows, int Columns, int Options, int MaxRows, int MaxColumns>
requires(Rows == 1 || Columns == 1)
    tensor_view<const T, 1> view(const Eigen::Matrix<T, Rows, Columns, Options, MaxRows, MaxColumns>& values) {
  return tensor_view<const T, 1>(values.data(), values.size());
}
/// A view of a temporary would dangle.
template <class T, int Rows, int Columns, int Options, int MaxRows, int MaxColumns>
void view(const Eigen::Matrix<T, Rows, Columns, Options, MaxRows, MaxColumns>&& values) = delete;

}  // namespace v0
}  // namespace tenon
