// SPDX-License-Identifier: Apache-2.0
// For a program whose files are compiled with -DTENON_SEPARATE_COMPILATION: one of them includes this, and there all is
// compiled that the others only call.
#pragma once

#include "tenon/core/separate.hpp"

#ifdef TENON_SEPARATE_COMPILATION

#  include "tenon/plan/run_time_plan_definitions.hpp"
#  include "tenon/runtime/batch_definitions.hpp"
#  include "tenon/runtime/call_order_definitions.hpp"
#  include "tenon/runtime/check_size_definitions.hpp"
#  include "tenon/runtime/checkpoint_definitions.hpp"
#  include "tenon/runtime/executor_definitions.hpp"
#  include "tenon/runtime/initialization_definitions.hpp"
#  include "tenon/runtime/memory_limit_definitions.hpp"
#  include "tenon/runtime/parameter_store_definitions.hpp"
#  include "tenon/runtime/parameters_definitions.hpp"
#  include "tenon/runtime/partial_loading_definitions.hpp"
#  include "tenon/runtime/separate_program_definitions.hpp"
#  include "tenon/runtime/training_session_definitions.hpp"
#  include "tenon/runtime/views_definitions.hpp"

namespace tenon {
inline namespace v0 {

template class separate_program<backend::onednn>;
template class separate_program<backend::reference>;
template class executor<separate_program<backend::onednn>>;
template class executor<separate_program<backend::reference>>;
template class run_time_plan<onednn::capabilities>;
template class run_time_plan<reference::capabilities>;

}  // namespace v0
}  // namespace tenon

#endif
