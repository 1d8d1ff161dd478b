"""Is every line that decides held by a test? One small change at a time, and the tests are asked.

`make mutants` changes the modules that decide (error table, verdicts, recognition, ...) by one
operator, condition, row or statement, and runs the tests that reach the place: a mutant that no
test notices has survived. Each survivor is killed by a new test, or explained in one line of
`explained.toml`. See docs/adr/0011-mutation-testing.md.
"""
