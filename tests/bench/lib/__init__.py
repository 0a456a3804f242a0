"""What the benchmarks share: a stage of network namespaces with both daemons, CPU clocks, reports and plots."""
