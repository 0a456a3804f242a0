# Read by ctest when it starts: adds each test suite of a GoogleTest program as one CTest test. A process per case would
# spend more time on starting sanitizers than on testing.
#   name, program, directory, labels: set before this file is included
execute_process(COMMAND ${program} --gtest_list_tests OUTPUT_VARIABLE cases RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  add_test(${name}.NOT_BUILT ${program})
  return()
endif()
string(REGEX MATCHALL "(^|\n)[A-Za-z0-9_/]+\\." suites "${cases}")
foreach(suite ${suites})
  string(STRIP "${suite}" suite)
  string(REGEX REPLACE "\\.$" "" suite "${suite}")
  add_test(${name}.${suite} ${program} --gtest_filter=${suite}.*)
  set_tests_properties(${name}.${suite} PROPERTIES
    LABELS "${labels}" WORKING_DIRECTORY ${directory} TIMEOUT 300 PROCESSORS 2)
endforeach()
