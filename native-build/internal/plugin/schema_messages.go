package plugin

import (
	"google.golang.org/protobuf/reflect/protoreflect"

	"streamgateway/native/internal/rtcproto"
)

// message refers to a message of events.proto, as protobuf's JSON mapping writes it with original field names.
func (d *describer) message(name string) Schema {
	descriptor := rtcproto.File_rtc_v1_events_proto.Messages().ByName(protoreflect.Name(name))
	if descriptor == nil {
		d.fail("events.proto has no message %s", name)
		return nil
	}
	return d.reference(descriptor)
}

func (d *describer) reference(descriptor protoreflect.MessageDescriptor) Schema {
	switch descriptor.FullName() {
	case "google.protobuf.Struct":
		return Schema{"type": "object"}
	case "google.protobuf.Timestamp":
		return Schema{"type": "string", "format": "date-time"}
	}
	name := string(descriptor.Name())
	if _, known := d.messages[name]; !known {
		properties := Schema{}
		d.messages[name] = Schema{"type": "object", "properties": properties}
		fields := descriptor.Fields()
		for i := range fields.Len() {
			properties[fields.Get(i).TextName()] = d.protoField(fields.Get(i))
		}
	}
	return Schema{"$ref": "#/$defs/" + name}
}

func (d *describer) protoField(field protoreflect.FieldDescriptor) Schema {
	switch {
	case field.IsMap():
		return Schema{"type": "object", "additionalProperties": d.protoValue(field.MapValue())}
	case field.IsList():
		return Schema{"type": "array", "items": d.protoValue(field)}
	default:
		return d.protoValue(field)
	}
}

func (d *describer) protoValue(field protoreflect.FieldDescriptor) Schema {
	switch field.Kind() {
	case protoreflect.MessageKind:
		return d.reference(field.Message())
	case protoreflect.EnumKind:
		names := []string{}
		values := field.Enum().Values()
		for i := range values.Len() {
			names = append(names, string(values.Get(i).Name()))
		}
		return Schema{"enum": names}
	case protoreflect.BoolKind:
		return Schema{"type": "boolean"}
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return Schema{"type": "number"}
	case protoreflect.StringKind:
		return Schema{"type": "string"}
	case protoreflect.BytesKind:
		return Schema{"type": "string", "contentEncoding": "base64"}
	case protoreflect.Int64Kind, protoreflect.Uint64Kind, protoreflect.Sint64Kind, protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		// JSON numbers do not hold 64 bits everywhere, so protobuf writes them as text.
		return Schema{"type": "string", "pattern": "^-?[0-9]+$"}
	default:
		return Schema{"type": "integer"}
	}
}
