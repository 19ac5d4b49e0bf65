// Preloaded into the daemon: lookups of hanging.test never end, and leave a file behind to say that
// one has begun.

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  if (name != nullptr && std::string_view(name) == "hanging.test") {
    ::close(::open(std::getenv("LOOKUP_BEGAN"), O_CREAT | O_WRONLY, 0600));
    while (true) ::pause();
  }
  static const auto real =
      reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(name, service, hints, found);
}
