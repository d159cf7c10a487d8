# Run as a script in the repository's root:
#   cmake -DOUTPUT=assay.dict -P tests/fuzz/dictionary.cmake
# The words of schemas and sample documents, as a dictionary of libFuzzer: what a mutation inserts.
file(GLOB files configs/schema/*.json configs/suites/*.json configs/contracts/*.json configs/models/tiny*.json
     configs/layouts/tiny*.json
     tests/golden/result/result.json)
set(words "")
foreach(file ${files})
  file(READ "${file}" text)
  string(REGEX MATCHALL "\"[A-Za-z0-9_./|]+\"" found "${text}")
  list(APPEND words ${found})
endforeach()
list(REMOVE_DUPLICATES words)
set(lines "")
foreach(word ${words})
  string(REPLACE "\"" "\\\"" quoted "${word}")
  string(APPEND lines "\"${quoted}\"\n")
endforeach()
# What no document of ours holds, and a reader has to stand.
foreach(word "1e400" "1e-320" "1e-300" "-1" "4096" "9223372036854775807" "9223372036854775808"
        "18446744073709551615" "0.5" "null" "true" "{}" "[]"
        "\\\"%\\\"" "\\\"9999999999 EB\\\"" "\\\\u0000" "\\\\u001b[2J" "\\\\ud800"
        "\\x1b" "\\xff" "assayhb1")
  string(APPEND lines "\"${word}\"\n")
endforeach()
file(WRITE "${OUTPUT}" "${lines}")
