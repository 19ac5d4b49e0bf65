#include "http/tls.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

namespace jobscaler::http {
namespace {

std::string openssl_error() {
  const auto code = ERR_peek_error();  // the first is the cause
  ERR_clear_error();
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "unknown error";
}

Error bad_file(const char* what, const std::string& file) {
  return Error{ErrorKind::rejected,
               fmt::format("cannot load the {} from {}: {}", what, file, openssl_error())};
}

std::string text_of(const GENERAL_NAME* name) {
  if (name->type == GEN_DNS) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
            static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))};
  }
  if (name->type != GEN_IPADD) return {};
  char text[INET6_ADDRSTRLEN] = "";
  const int family = ASN1_STRING_length(name->d.iPAddress) == 4 ? AF_INET : AF_INET6;
  inet_ntop(family, ASN1_STRING_get0_data(name->d.iPAddress), text, sizeof text);
  return text;
}

/// "localhost, 127.0.0.1": the hosts a certificate was issued for.
std::string hosts_of(X509* certificate) {
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  std::string hosts;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const auto host = text_of(sk_GENERAL_NAME_value(names, i));
    if (!host.empty()) hosts += (hosts.empty() ? "" : ", ") + host;
  }
  GENERAL_NAMES_free(names);
  return hosts.empty() ? "no host at all" : hosts;
}

std::string refusal_of(X509_STORE_CTX* chain) {
  const int error = X509_STORE_CTX_get_error(chain);
  // OpenSSL had nothing against it: the host name check, which cpprestsdk adds, said no.
  if (error == X509_V_OK || error == X509_V_ERR_UNSPECIFIED) {
    return "it is for " + hosts_of(X509_STORE_CTX_get0_cert(chain));
  }
  return X509_verify_cert_error_string(error);
}

std::string stamp_of(const std::string& file) {
  struct stat info {};
  if (file.empty() || ::stat(file.c_str(), &info) != 0) return "-";
  return fmt::format("{}.{}.{}.{}", info.st_ino, info.st_size, info.st_mtim.tv_sec,
                     info.st_mtim.tv_nsec);
}

}  // namespace

FileStamps stamps_of(const TlsFiles& files) {
  return stamp_of(files.ca) + " " + stamp_of(files.certificate) + " " + stamp_of(files.key);
}

Result<std::shared_ptr<TlsContext>> TlsContext::load(const TlsFiles& files) {
  std::shared_ptr<TlsContext> self(new TlsContext(files, SSL_CTX_new(TLS_client_method())));
  auto* context = self->loaded_.get();
  ERR_clear_error();
  const bool trusted = files.ca.empty() ? SSL_CTX_set_default_verify_paths(context) == 1
                                        : SSL_CTX_load_verify_file(context, files.ca.c_str()) == 1;
  if (!trusted) return bad_file("CA", files.ca.empty() ? "the system's directory" : files.ca);
  if (files.certificate.empty()) return self;
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return bad_file("client certificate", files.certificate);
  }
  const auto& key = files.key.empty() ? files.certificate : files.key;
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return bad_file("client key", key);
  }
  return self;
}

void TlsContext::apply(SSL_CTX* context) {
  SSL_CTX_set1_cert_store(context, SSL_CTX_get_cert_store(loaded_.get()));
  SSL_CTX_set_cert_verify_callback(context, &TlsContext::verify, this);
  {
    const std::lock_guard lock(mutex_);
    last_refusal_.clear();
  }
  if (files_.certificate.empty()) return;
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(loaded_.get(), &chain);
  SSL_CTX_use_cert_and_key(context, SSL_CTX_get0_certificate(loaded_.get()),
                           SSL_CTX_get0_privatekey(loaded_.get()), chain, 1);
}

int TlsContext::verify(X509_STORE_CTX* chain, void* self) {
  const int accepted = X509_verify_cert(chain);
  if (accepted <= 0) {
    auto& context = *static_cast<TlsContext*>(self);
    const std::lock_guard lock(context.mutex_);
    context.last_refusal_ = refusal_of(chain);
  }
  return accepted;
}

std::string TlsContext::last_refusal() const {
  const std::lock_guard lock(mutex_);
  return last_refusal_;
}

std::string TlsContext::trusted() const {
  return files_.ca.empty() ? "the system's CAs" : "CA " + files_.ca;
}

}  // namespace jobscaler::http
