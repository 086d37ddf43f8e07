package guard

import (
	"strings"
	"testing"
)

func TestRunReturnsThePanic(t *testing.T) {
	if p := Run(func() {}); p != nil {
		t.Errorf("%v", p)
	}
	p := Run(func() { panic("on purpose") })
	if p == nil || p.Value != "on purpose" || p.Error() != "panic: on purpose" || !strings.Contains(string(p.Stack), "guard_test.go") {
		t.Errorf("%+v", p)
	}
	var none map[string]int
	if p := Run(func() { none["x"]++ }); p == nil {
		t.Error("a runtime error is a panic too")
	}
}

func TestGoReports(t *testing.T) {
	reported := make(chan *Panic)
	Go(func(p *Panic) { reported <- p }, func() { panic(3) })
	if p := <-reported; p.Value != 3 {
		t.Errorf("%v", p)
	}
}
