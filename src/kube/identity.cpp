#include "kube/identity.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstring>
#include <fstream>
#include <functional>
#include <random>

namespace jobscaler::kube {
namespace {

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

/// "net:[4026531840]"; empty: not to be had.
std::string network_namespace() {
  std::array<char, 64> link{};
  return readlink("/proc/self/ns/net", link.data(), link.size() - 1) > 0 ? link.data() : "";
}

std::string boot_id() {
  std::string id;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), id);
  return id;
}

std::string sixteen_digits(std::uint64_t number) {
  return fmt::format("{:016x}", number);
}

/// The same for every process in this place; empty: the place cannot be told.
std::string place(const std::string& scope) {
  const auto boot = boot_id();
  const auto network = network_namespace();
  if (boot.empty() || network.empty()) return "";
  return sixteen_digits(std::hash<std::string>()(fmt::format("{} {} {}", boot, network, scope)));
}

std::string random_digits() {
  std::random_device device;
  return sixteen_digits(std::uint64_t{device()} << 32 | device());
}

/// The socket that has an abstract name bound, or -1. Nothing is ever sent to it.
int bind_name(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // Abstract: it begins with a zero byte, and goes when the last descriptor goes.
  name.copy(address.sun_path + 1, sizeof(address.sun_path) - 1);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return -1;
  if (bind(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0) return socket;
  close(socket);
  return -1;
}

}  // namespace

Identity::Identity(const std::string& scope) {
  const auto digits = place(scope);
  if (!digits.empty()) socket_ = bind_name("jobscaler-" + digits);
  name_ = host_name() + "_" + (socket_ >= 0 ? digits : random_digits());
}

Identity::~Identity() {
  if (socket_ >= 0) close(socket_);
}

}  // namespace jobscaler::kube
