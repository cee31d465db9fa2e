"""G16: every page of the admin at the size of a large firm: `python -m benchmarks scale [--size small|huge]`.

Fills an installation set-wise, asks for every list (first page, deep page, each filter with common, rare and absent
values) and every important page, as a signed-in owner of a large and of a small organization. Then come the steps:
exports, a large plan from its preview to its cancellation, flushes, the comparison with the platform's lists. It prints
one table: queries, time in the database, whole time, memory, and what reads a big table from end to end.
"""
