// Package guard keeps panics inside: one that left a goroutine of a shared library would end the host process.
package guard

import (
	"fmt"
	"runtime/debug"
)

// Panic is the error a recovered panic becomes.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string {
	return fmt.Sprintf("panic: %v", p.Value)
}

// Go runs work on a new goroutine. A panic in it ends that goroutine alone and goes to report, which must not panic.
func Go(report func(*Panic), work func()) {
	go func() {
		if p := Run(work); p != nil {
			report(p)
		}
	}()
}

// Run runs work and returns the panic it ended with, or nil.
func Run(work func()) (recovered *Panic) {
	defer func() {
		if value := recover(); value != nil {
			recovered = &Panic{Value: value, Stack: debug.Stack()}
		}
	}()
	work()
	return nil
}
