#pragma once

#include <memory>
#include <string>

#include "jobscaler/result.h"

namespace jobscaler::kube {

/// Data as a file that OpenSSL can read by its path and nobody else can: it lives in memory, has no
/// name in any folder, and is gone with this object, or with the process however that ends.
class PrivateFile {
 public:
  /// Error: unavailable.
  static Result<std::shared_ptr<PrivateFile>> create(const std::string& data);
  ~PrivateFile();
  PrivateFile(const PrivateFile&) = delete;
  PrivateFile& operator=(const PrivateFile&) = delete;

  std::string path() const;

 private:
  explicit PrivateFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace jobscaler::kube
