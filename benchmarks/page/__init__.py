"""The tables and pictures of docs/performance.md, made of what the benchmarks have written."""
