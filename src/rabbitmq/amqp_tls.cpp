#include "rabbitmq/amqp_tls.h"

#include <amqp.h>
#include <amqp_ssl_socket.h>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstring>

namespace jobscaler::rabbitmq {
namespace {

int diagnosis_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

TlsDiagnosis& diagnosis_of(const SSL* ssl) {
  return *static_cast<TlsDiagnosis*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), diagnosis_index()));
}

int on_verify(int ok, X509_STORE_CTX* store) {
  if (ok == 1) return 1;
  const int code = X509_STORE_CTX_get_error(store);
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& diagnosis = diagnosis_of(ssl);
  diagnosis.verify_error = X509_verify_cert_error_string(code);
  diagnosis.wrong_host =
      code == X509_V_ERR_HOSTNAME_MISMATCH || code == X509_V_ERR_IP_ADDRESS_MISMATCH;
  return 0;
}

void on_event(const SSL* ssl, int where, int value) {
  auto& diagnosis = diagnosis_of(ssl);
  if ((where & SSL_CB_HANDSHAKE_START) != 0 && diagnosis.interrupt != nullptr) {
    diagnosis.interrupt->attach(SSL_get_fd(ssl));
  }
  const bool received = (where & SSL_CB_ALERT) != 0 && (where & SSL_CB_READ) != 0;
  if (received && (value & 0xff) != SSL_AD_CLOSE_NOTIFY) diagnosis.alert = value & 0xff;
}

int no_key_password(char*, int, int, void*) {
  return 0;
}

Error file_error(const std::string& what, const std::string& file) {
  const unsigned long code = ERR_peek_error();
  const char* words = ERR_reason_error_string(code);
  std::string why = words != nullptr ? words : "not readable";
  if (ERR_SYSTEM_ERROR(code)) why = strerror(ERR_GET_REASON(code));
  ERR_clear_error();
  return {ErrorKind::rejected, fmt::format("cannot use the {} '{}': {}", what, file, why)};
}

Result<bool> load_files(SSL_CTX* context, const TlsConfig& tls) {
  ERR_clear_error();
  if (tls.ca_file.empty()) {
    if (tls.verify) SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_locations(context, tls.ca_file.c_str(), nullptr) != 1) {
    return file_error("CA file", tls.ca_file);
  }
  if (tls.certificate_file.empty()) return true;
  const std::string& key = tls.key_file.empty() ? tls.certificate_file : tls.key_file;
  if (SSL_CTX_use_certificate_chain_file(context, tls.certificate_file.c_str()) != 1) {
    return file_error("client certificate", tls.certificate_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return file_error("client certificate's key", key);
  }
  return true;
}

void verify_host(SSL_CTX* context, const std::string& host) {
  X509_VERIFY_PARAM* parameters = SSL_CTX_get0_param(context);
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1) return;
  ERR_clear_error();
  X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size());
}

std::string alert_words(int alert) {
  // OpenSSL 3.0 has no words for the alert that matters most here.
  constexpr int kCertificateRequired = 116;
  return alert == kCertificateRequired ? "certificate required" : SSL_alert_desc_string_long(alert);
}

}  // namespace

Result<amqp_socket_t_*> make_tls_socket(amqp_connection_state_t_* connection, const TlsConfig& tls,
                                        TlsDiagnosis& diagnosis) {
  amqp_socket_t* socket = amqp_ssl_socket_new(connection);
  if (socket == nullptr) return Error{ErrorKind::unavailable, "cannot set up TLS"};
  auto* context = static_cast<SSL_CTX*>(amqp_ssl_socket_get_context(socket));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_default_passwd_cb(context, &no_key_password);
  SSL_CTX_set_ex_data(context, diagnosis_index(), &diagnosis);
  SSL_CTX_set_info_callback(context, &on_event);
  if (auto loaded = load_files(context, tls); !loaded) return loaded.error();
  amqp_ssl_socket_set_verify_peer(socket, tls.verify ? 1 : 0);
  amqp_ssl_socket_set_verify_hostname(socket, 0);
  SSL_CTX_set_verify(context, tls.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                     tls.verify ? &on_verify : nullptr);
  if (tls.verify) verify_host(context, diagnosis.host);
  return socket;
}

std::unique_ptr<Error> tls_error(const TlsDiagnosis& diagnosis, const std::string& peer,
                                 const TlsConfig& tls) {
  const auto rejected = [](std::string text) {
    return std::make_unique<Error>(Error{ErrorKind::rejected, std::move(text)});
  };
  if (diagnosis.wrong_host) {
    return rejected(
        fmt::format("the certificate of {} is not for host '{}' ({}): use a name the "
                    "certificate has",
                    peer, diagnosis.host, diagnosis.verify_error));
  }
  if (!diagnosis.verify_error.empty()) {
    const std::string trusted =
        tls.ca_file.empty() ? "the system's CAs" : fmt::format("CA file '{}'", tls.ca_file);
    return rejected(fmt::format("the certificate of {} is not trusted by {}: {}", peer, trusted,
                                diagnosis.verify_error));
  }
  if (diagnosis.alert < 0) return nullptr;
  const std::string words = alert_words(diagnosis.alert);
  if (tls.certificate_file.empty()) {
    return rejected(
        fmt::format("{} ended the TLS handshake ({}): does it require a client "
                    "certificate? None is configured",
                    peer, words));
  }
  return rejected(fmt::format("{} did not accept the client certificate '{}' ({})", peer,
                              tls.certificate_file, words));
}

}  // namespace jobscaler::rabbitmq
