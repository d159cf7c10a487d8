#include "tests/mpi/session.hpp"

#include <gtest/gtest.h>

#include <cstdio>

namespace assay {

comm::Session* session = nullptr;

namespace {

/// What ranks other than 0 print.
class FailuresOnly final : public testing::EmptyTestEventListener {
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (result.failed())
      std::fprintf(stderr, "rank %d: %s:%d: %s\n", session->world().rank(), result.file_name(),
                   result.line_number(), result.message());
  }
};

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const auto session = assay::comm::open_session();
  assay::session = session.get();
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  if (session->world().rank() != 0) {
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new assay::FailuresOnly);  // owned by the listeners
  }
  const int mine = RUN_ALL_TESTS();
  const bool all_well = assay::comm::all_agree(session->world(), mine == 0);
  if (mine != 0)
    std::fprintf(stderr, "rank %d of %d failed\n", session->world().rank(),
                 session->world().size());
  session->close();
  return all_well ? 0 : 1;
}
