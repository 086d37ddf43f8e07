package plugin

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
)

// Schema is a JSON Schema, draft 2020-12.
type Schema map[string]any

// Described is implemented by types whose JSON is not that of their Go type.
type Described interface{ JSONSchema() Schema }

// Describe tells of all commands what their requests and answers hold. Fields that carry messages of events.proto have
// a tag schema:"Name", or schema:"Name[]" for a list.
func Describe(factories ...ModuleFactory) (Schema, error) {
	in := &Instance{log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	for _, factory := range factories {
		in.modules = append(in.modules, factory(in))
	}
	all, err := in.collectCommands()
	if err != nil {
		return nil, err
	}
	d := describer{messages: Schema{}}
	commands := Schema{}
	for tag, command := range all {
		commands[tag] = Schema{"request": d.request(command.request), "answer": d.answer(command.answer)}
	}
	return Schema{
		"$schema":  "https://json-schema.org/draft/2020-12/schema",
		"title":    "Commands of librtc " + Version,
		"commands": commands,
		"$defs":    d.messages,
	}, d.err
}

// describer turns Go types into schemas and collects the messages they name.
type describer struct {
	messages Schema
	err      error
}

func (d *describer) request(t reflect.Type) Schema {
	schema := d.object(t, false)
	schema["additionalProperties"] = false
	return schema
}

func (d *describer) answer(t reflect.Type) Schema {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return d.value(t, true)
}

// object describes a struct; in answers every field is there.
func (d *describer) object(t reflect.Type, answer bool) Schema {
	properties, required := Schema{}, []string{}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous || !field.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			d.fail("%s.%s has no JSON name", t, field.Name)
		}
		properties[name] = d.field(field, answer)
		if answer && !strings.Contains(field.Tag.Get("json"), ",omitempty") {
			required = append(required, name)
		}
	}
	schema := Schema{"type": "object", "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

func (d *describer) field(field reflect.StructField, answer bool) Schema {
	message, list := strings.CutSuffix(field.Tag.Get("schema"), "[]")
	switch {
	case message == "":
		return d.value(field.Type, answer)
	case list:
		return Schema{"type": "array", "items": d.message(message)}
	default:
		return d.message(message)
	}
}

var rawMessage = reflect.TypeFor[json.RawMessage]()

func (d *describer) value(t reflect.Type, answer bool) Schema {
	if described, ok := reflect.Zero(t).Interface().(Described); ok && t.Kind() != reflect.Pointer {
		return described.JSONSchema()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return Schema{"anyOf": []Schema{d.value(t.Elem(), answer), {"type": "null"}}}
	case reflect.Struct:
		return d.object(t, answer)
	case reflect.Slice:
		if t == rawMessage {
			return Schema{"type": []string{"object", "null"}}
		}
		return Schema{"type": "array", "items": d.value(t.Elem(), answer)}
	case reflect.Map:
		return Schema{"type": "object", "additionalProperties": d.value(t.Elem(), answer)}
	case reflect.String:
		return Schema{"type": "string"}
	case reflect.Bool:
		return Schema{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return Schema{"type": "number"}
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint:
		return Schema{"type": "integer", "minimum": 0}
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		return Schema{"type": "integer"}
	}
	d.fail("no schema for %s", t)
	return nil
}

func (d *describer) fail(format string, values ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, values...)
	}
}
