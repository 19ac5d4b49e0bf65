#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kube/json.h"

namespace jobscaler::kube {

using MarkMap = std::map<std::string, std::int64_t>;  // by scaler

/// What a Lease says about who leads. Its times are other clocks' and stay text: a change of them
/// is all that is looked for.
struct LeaseRecord {
  std::string holder;  ///< empty: it was released
  std::int64_t duration_seconds = 0;
  std::string acquired;
  std::string renewed;
  std::int64_t transitions = 0;  ///< from one holder to another

  bool operator==(const LeaseRecord&) const = default;
};

/// Whether it is a Lease whose annotations can be read and written.
bool is_lease(const Json& json);

/// The marks on a Lease; annotations that are not numbers are left out and named in `odd`.
MarkMap marks_of(const Json& lease, std::vector<std::string>* odd = nullptr);

/// The Lease with these marks where they are higher than what it has; absent: none is.
/// REQUIRES: is_lease(lease)
std::optional<std::string> raised_lease(const Json& lease, const MarkMap& marks);

/// A Lease that holds nothing but marks.
std::string new_lease(const std::string& name_space, const std::string& instance,
                      const MarkMap& marks);

/// Absent: the Lease says nothing about who leads, as one that was only made for its marks.
std::optional<LeaseRecord> record_of(const Json& lease);

/// The Lease with this record, and all else as it is.
std::string with_record(const Json& lease, const LeaseRecord& record);

}  // namespace jobscaler::kube
