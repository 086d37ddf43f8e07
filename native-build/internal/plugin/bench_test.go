package plugin

import "testing"

func BenchmarkEcho(b *testing.B) {
	request := []byte(`{"message":"benchmark test"}`)
	b.ReportAllocs()
	for range b.N {
		answer, err := Typed(echo).Run(nil, request)
		envelope(answer, err)
	}
}

func BenchmarkDecode(b *testing.B) {
	request := []byte(`{"message":"benchmark test"}`)
	b.ReportAllocs()
	for range b.N {
		Typed(echo).Run(nil, request)
	}
}
