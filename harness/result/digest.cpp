#include "harness/result/digest.hpp"

#include <openssl/evp.h>

#include <array>

#include "harness/core/error.hpp"
#include "harness/result/codec.hpp"

namespace assay::result {

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  invariant(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1,
            "OpenSSL offers no SHA-256");
}

Sha256::Sha256(const Sha256& other) : context_(EVP_MD_CTX_new()) {
  invariant(context_ && EVP_MD_CTX_copy_ex(context_.get(), other.context_.get()) == 1,
            "a SHA-256 state could not be copied");
}

Sha256& Sha256::operator=(const Sha256& other) { return *this = Sha256(other); }

void Sha256::add(std::span<const std::byte> bytes) {
  invariant(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1,
            "OpenSSL refused bytes for SHA-256");
}

void Sha256::add(std::string_view text) { add(std::as_bytes(std::span(text))); }

std::string Sha256::hex() const {
  const Sha256 copy(*this);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  invariant(EVP_DigestFinal_ex(copy.context_.get(), digest.data(), &length) == 1,
            "OpenSSL could not finish a SHA-256");
  std::string text;
  text.reserve(2 * std::size_t{length});
  for (unsigned int i = 0; i < length; ++i) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 0xf];
  }
  return text;
}

std::string sha256(std::span<const std::byte> bytes) {
  Sha256 digest;
  digest.add(bytes);
  return digest.hex();
}

std::string sha256(std::string_view text) { return sha256(std::as_bytes(std::span(text))); }

InputDigests digests_of(const InputTexts& inputs) {
  InputDigests digests;
  for (const auto& [dim, texts] : inputs)
    for (const auto& [name, text] : texts) digests[kept_input({dim, name})] = sha256(text);
  return digests;
}

}  // namespace assay::result
