// Remembers the first call that failed, where nothing may throw.
#pragma once

namespace assay {

template <class Code, Code success>
class FirstFailure {
 public:
  void note(Code code, const char* call) noexcept {
    if (code == success || code_ != success) return;
    code_ = code;
    call_ = call;
  }
  Code code() const noexcept { return code_; }         ///< success: none failed
  const char* call() const noexcept { return call_; }  ///< which one it was

 private:
  Code code_ = success;
  const char* call_ = "";
};

}  // namespace assay
