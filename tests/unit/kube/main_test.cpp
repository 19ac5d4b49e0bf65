#include "http/client.h"

namespace {

/// cpprestsdk's pool can be sized only before its first use.
[[maybe_unused]] const bool pool_is_small = [] {
  jobscaler::http::initialize_thread_pool(2);
  return true;
}();

}  // namespace
