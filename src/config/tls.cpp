#include "config/rules.h"

namespace jobscaler::config {
namespace {

const Text kPemFile{"the path of a PEM file"};

void require_both(const Mapping& tls) {
  const bool certificate = tls.find("certificate").has_value();
  const bool key = tls.find("key").has_value();
  if (certificate == key) return;
  tls.value().report().error(tls.value().path() / (certificate ? "key" : "certificate"),
                             "missing; a client certificate needs both certificate and key");
}

void read_mapping(const Mapping& tls, TlsConfig& config) {
  config.enabled = true;
  tls.optional("ca", kPemFile, config.ca_file);
  tls.optional("certificate", kPemFile, config.certificate_file);
  tls.optional("key", kPemFile, config.key_file);
  tls.optional("verify", Boolean(), config.verify);
  require_both(tls);
  if (config.verify) return;
  tls.value().report().warning(
      tls.value().path() / "verify",
      "the broker's certificate is not checked: whoever stands in between can read the password");
}

}  // namespace

std::optional<TlsConfig> Tls::read(const Value& value) const {
  TlsConfig config;
  if (value.node().kind == YamlNode::Kind::map) {
    read_mapping(Mapping(value, kTlsKeys), config);
  } else if (value.node().kind == YamlNode::Kind::scalar && !value.node().quoted) {
    config.enabled = Boolean().read(value).value_or(false);
  } else {
    value.expected(allowed());
  }
  return config;
}

}  // namespace jobscaler::config
