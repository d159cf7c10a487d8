#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "harness/core/error.hpp"
#include "harness/result/codec.hpp"
#include "harness/result/digest.hpp"
#include "harness/result/files.hpp"
#include "harness/result/journal.hpp"
#include "harness/result/json_parts.hpp"
#include "harness/result/unfinished.hpp"

namespace assay::result {
namespace {

namespace fs = std::filesystem;

UsageError cannot_begin(const fs::path& folder, std::string what) {
  return UsageError({.where = folder.string(),
                     .what = std::move(what),
                     .remedy = "choose another --out or remove it"});
}

/// Creates `folder`, or takes an empty one. True if it was created.
bool claim_folder(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder, error)) {
    if (!fs::is_directory(folder, error)) throw cannot_begin(folder, "already exists as a file");
    if (!fs::is_empty(folder, error) || error)
      throw cannot_begin(folder, "already exists and is not empty");
    return false;
  }
  if (!fs::create_directories(folder, error) && error)
    throw cannot_begin(folder, fmt::format("cannot be created: {}", error.message()));
  return true;
}

std::map<std::string, std::size_t> count_groups(const ResultDocument& header) {
  std::map<std::string, std::size_t> groups;
  for (const auto& [key, layout] : header.layouts) groups[key] = layout.group_count();
  return groups;
}

/// A file together with the SHA-256 of what is in it.
struct HashedFile {
  AppendFile file;
  Sha256 digest;

  void append(std::span<const std::byte> bytes) {
    file.append(bytes);
    digest.add(bytes);
  }
  void append(std::string_view text) { append(std::as_bytes(std::span(text))); }
  FileEntry entry(const char* path) const { return {path, file.size(), digest.hex()}; }
};

void remove_file(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error)
    throw RunError({.where = path.string(),
                    .what = fmt::format("cannot be removed: {}", error.message()),
                    .remedy = "check the permissions of its folder"});
}

std::string manifest(std::span<const FileEntry> files) {
  std::string text;
  for (const auto& file : files) text += fmt::format("{}  {}\n", file.sha256, file.path);
  return text;
}

}  // namespace

struct RunWriter::Impl {
  Impl(fs::path path, const ResultDocument& header, const Conduct& conduct)
      : folder(std::move(path)),
        groups(count_groups(header)),
        sidecar{AppendFile(folder / sidecar_name), {}},
        journal{AppendFile(folder / journal_name), {}} {
    journal.file.hold();  // where that is not possible, nobody can resume the run here either
    append_line(dump(header_to_json(header, conduct)));
  }

  Impl(Unfinished run, const Attempt& attempt)
      : folder(std::move(run.folder)),
        groups(count_groups(run.document)),
        sidecar{AppendFile::reopen(folder / sidecar_name),
                sha256_of_start(folder / sidecar_name, run.sidecar_bytes)},
        journal{std::move(run.journal), {}},
        text(std::move(run.text)),
        appended(run.document.cases.size()) {
    for (const char* name : {manifest_name, result_name}) remove_file(folder / name);
    sidecar.file.truncate(run.sidecar_bytes);
    journal.file.truncate(text.size());
    journal.digest.add(text);
    append_line(dump(attempt_to_json(attempt)));
  }

  void append_line(const std::string& line) {
    journal.append(line + '\n');
    text += line + '\n';
  }

  bool append(const CaseResult& c);
  void finish(const Ending& ending);

  const fs::path folder;
  const std::map<std::string, std::size_t> groups;  ///< layout → number of groups
  mutable std::mutex mutex;
  HashedFile sidecar, journal;
  std::vector<FileEntry> kept;  ///< beside the evidence
  std::string text;             ///< of the journal
  std::size_t appended = 0;
  bool closed = false;    ///< the footer is written: no case may follow
  bool finished = false;  ///< all files are in place
};

bool RunWriter::Impl::append(const CaseResult& c) {
  const auto layout = groups.find(c.spec.layout);
  invariant(layout != groups.end(), "a case names a layout that the header lacks");
  // Only the measuring thread appends, so the offset holds: what takes long (figures, digests) is
  // done before the lock that the watchdog may be waiting for.
  const auto offset = sidecar.file.size();
  const auto encoded = encode_samples(c.samples, layout->second, offset);
  const auto line = dump(case_to_json(c, encoded));

  const std::lock_guard lock(mutex);
  if (closed) return false;
  const Sha256 digest_before = sidecar.digest;
  if (!encoded.block.empty()) sidecar.append(std::as_bytes(std::span(encoded.block)));
  try {
    append_line(line);
  } catch (...) {
    sidecar.file.truncate(offset);
    sidecar.digest = digest_before;
    throw;
  }
  ++appended;
  return true;
}

void RunWriter::Impl::finish(const Ending& ending) {
  if (!closed) append_line(dump(footer_to_json(ending)));
  closed = true;
  std::vector files{journal.entry(journal_name), sidecar.entry(sidecar_name)};
  files.insert(files.end(), kept.begin(), kept.end());
  const auto where = (folder / journal_name).string();
  const auto document = assemble_result(split_journal(text, where), files, where);
  replace_file(folder / result_name, document);
  files.insert(files.begin(), {result_name, document.size(), sha256(document)});
  replace_file(folder / manifest_name, manifest(files));
  sync_folder(folder);
  finished = true;
}

RunWriter::RunWriter(fs::path folder, const ResultDocument& header, const Conduct& conduct) {
  const bool created = claim_folder(folder);
  try {
    impl_ = std::make_unique<Impl>(folder, header, conduct);
    sync_folder(folder);
  } catch (const Error& failure) {
    std::error_code ignored;
    fs::remove(folder / journal_name, ignored);
    fs::remove(folder / sidecar_name, ignored);
    if (created) fs::remove(folder, ignored);
    if (failure.code() == ExitCode::internal) throw;
    throw UsageError(failure.fault());
  }
}

RunWriter::RunWriter(Unfinished run, const Attempt& attempt)
    : impl_(std::make_unique<Impl>(std::move(run), attempt)) {
  sync_folder(impl_->folder);
}

RunWriter::~RunWriter() = default;

bool RunWriter::append(const CaseResult& c) { return impl_->append(c); }

void RunWriter::keep(const std::string& name, std::string_view text) {
  replace_file(impl_->folder / name, text);
  const std::lock_guard lock(impl_->mutex);
  std::erase_if(impl_->kept, [&](const auto& entry) { return entry.path == name; });
  impl_->kept.push_back({name, text.size(), sha256(text)});
}

bool RunWriter::finish(const Ending& ending) {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->finished) return false;
  impl_->finish(ending);
  return true;
}

const fs::path& RunWriter::folder() const { return impl_->folder; }

std::size_t RunWriter::appended() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->appended;
}

}  // namespace assay::result
