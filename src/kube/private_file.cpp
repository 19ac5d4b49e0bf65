#include "kube/private_file.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace jobscaler::kube {

Result<std::shared_ptr<PrivateFile>> PrivateFile::create(const std::string& data) {
  const int descriptor = ::memfd_create("jobscaler", MFD_CLOEXEC);
  if (descriptor < 0) {
    return Error{ErrorKind::unavailable,
                 fmt::format("cannot keep a certificate in memory: {}", std::strerror(errno))};
  }
  std::shared_ptr<PrivateFile> file(new PrivateFile(descriptor));
  ::fchmod(descriptor, S_IRUSR | S_IWUSR);
  if (::write(descriptor, data.data(), data.size()) != static_cast<ssize_t>(data.size())) {
    return Error{ErrorKind::unavailable, "cannot keep a certificate in memory: out of memory"};
  }
  return file;
}

PrivateFile::~PrivateFile() {
  ::close(descriptor_);
}

std::string PrivateFile::path() const {
  return fmt::format("/proc/self/fd/{}", descriptor_);
}

}  // namespace jobscaler::kube
