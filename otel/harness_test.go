package otel_test

import "strconv"

func id(n uint64) string { return strconv.FormatUint(n, 10) }
