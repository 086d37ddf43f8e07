package plugin

import (
	"context"
	"reflect"
)

// Command answers one type tag.
type Command struct {
	run             func(ctx context.Context, request []byte) (answer any, err error)
	request, answer reflect.Type
}

// Typed makes a command of work, which runs on a goroutine of its own with the request decoded into a struct. The answer
// is marshalled as the payload; an error should be a failure.Error. Work must return soon after ctx is done, with its
// effects undone.
func Typed[Request, Answer any](work func(ctx context.Context, request Request) (Answer, error)) Command {
	return Command{
		run: func(ctx context.Context, document []byte) (any, error) {
			var request Request
			if err := Decode(document, &request); err != nil {
				return nil, err
			}
			answer, err := work(ctx, request)
			if err != nil {
				return nil, err
			}
			return answer, nil
		},
		request: reflect.TypeFor[Request](),
		answer:  reflect.TypeFor[Answer](),
	}
}

// Run answers the request, JSON.
func (c Command) Run(ctx context.Context, request []byte) (any, error) { return c.run(ctx, request) }
