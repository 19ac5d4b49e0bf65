#pragma once

#include <cstddef>
#include <string>

#include "jobscaler/result.h"

namespace jobscaler::config {

/// The file's content. The error's words follow the file's name: "cannot be read: Permission
/// denied", "is larger than 1048576 bytes".
Result<std::string> read_file(const std::string& file, std::size_t max_bytes);

}  // namespace jobscaler::config
