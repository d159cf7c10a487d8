#include "harness/app/together.hpp"

#include <exception>

#include "harness/core/error.hpp"

namespace assay::app {

std::string on_rank_0(comm::Team& world, const std::function<std::string()>& read) {
  int code = 0;
  std::string text;
  std::exception_ptr failure;
  if (world.rank() == 0) try {
      text = read();
    } catch (const Error& error) {
      code = static_cast<int>(error.code());
      failure = std::current_exception();
    } catch (...) {
      code = static_cast<int>(ExitCode::internal);
      failure = std::current_exception();
    }
  code = comm::broadcast_value(world, code);
  if (failure != nullptr) std::rethrow_exception(failure);
  if (code != 0) throw Quiet{static_cast<ExitCode>(code)};
  return comm::broadcast_text(world, std::move(text));
}

}  // namespace assay::app
