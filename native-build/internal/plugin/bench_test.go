package plugin

import "testing"

func BenchmarkEcho(b *testing.B) {
	request := []byte(`{"message":"benchmark test"}`)
	b.ReportAllocs()
	for range b.N {
		answer, err := echo(nil, request)
		envelope(answer, err)
	}
}

func BenchmarkDecode(b *testing.B) {
	request := []byte(`{"message":"benchmark test"}`)
	b.ReportAllocs()
	for range b.N {
		echo(nil, request)
	}
}
