// Package history judges "oom recommend" on a real Prometheus: four weeks of containers whose need is known are written into its blocks,
// the real binary is asked, and the fifth week is played with the limits that it recommends, and with those of krr and of the
// VerticalPodAutoscaler. What came out is in docs/oom-recommend.md, which this package's test writes (-update) and holds.
//
// It judges "probes recommend" there as well: weeks of starts and answers that are known, of pods that are gone, of starts that were cut
// short, and of versions with other probes.
//
// It is a module of its own for its dependencies: Prometheus' block writer and the VerticalPodAutoscaler's recommender. The server is
// Debian's package, unpacked and not installed; it listens on loopback only.
package history
