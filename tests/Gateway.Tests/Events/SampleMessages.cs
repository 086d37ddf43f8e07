using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace StreamGateway.Tests.Events;

/// <summary>Fills protobuf messages by reflection, so that a new field cannot be forgotten by a test.</summary>
internal static class SampleMessages
{
    public static IMessage Empty(MessageDescriptor type) => type.Parser.ParseFrom(ByteString.Empty);

    /// <summary>The message with every field set, once for each choice of a oneof.</summary>
    public static IEnumerable<IMessage> Full(MessageDescriptor type)
    {
        var choices = Math.Max(1, type.Oneofs.Select(oneof => oneof.Fields.Count).DefaultIfEmpty().Max());
        for (var choice = 0; choice < choices; choice++)
        {
            foreach (var message in Fill(type, choice))
            {
                yield return message;
            }
        }
    }

    private static List<IMessage> Fill(MessageDescriptor type, int choice)
    {
        var variants = new List<IMessage> { Empty(type) };
        foreach (var field in type.Fields.InDeclarationOrder())
        {
            if (field.ContainingOneof is { } oneof && oneof.Fields.IndexOf(field) != choice % oneof.Fields.Count)
            {
                continue;
            }

            if (field.FieldType == FieldType.Message && !field.IsRepeated)
            {
                // One variant of the outer message for each variant of the inner one.
                variants = variants
                    .SelectMany(outer => Full(field.MessageType).Select(inner => With(outer, field, inner)))
                    .ToList();
            }
            else
            {
                variants.ForEach(message => Set(message, field));
            }
        }

        return variants;
    }

    private static IMessage With(IMessage outer, FieldDescriptor field, IMessage inner)
    {
        var copy = outer.Descriptor.Parser.ParseFrom(outer.ToByteString());
        field.Accessor.SetValue(copy, inner);
        return copy;
    }

    private static void Set(IMessage message, FieldDescriptor field)
    {
        if (field.IsRepeated)
        {
            var list = (IList)field.Accessor.GetValue(message);
            if (field.FieldType == FieldType.Message)
            {
                foreach (var item in Full(field.MessageType))
                {
                    list.Add(item);
                }
            }
            else
            {
                list.Add(Sample(field));
                list.Add(Sample(field));
            }
        }
        else
        {
            field.Accessor.SetValue(message, Sample(field));
        }
    }

    private static object Sample(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.String => $"{field.Name} \"é😀\"",
        FieldType.Bytes => ByteString.CopyFrom(0, 1, 254, 255),
        FieldType.Bool => true,
        FieldType.Float => 0.1f,
        FieldType.Double => 1234.5678901234567,
        FieldType.Int32 => -48_000,
        FieldType.UInt32 => uint.MaxValue,
        FieldType.Int64 => long.MinValue,
        FieldType.UInt64 => ulong.MaxValue,
        FieldType.Enum => Enum.ToObject(field.EnumType.ClrType, field.EnumType.Values[^1].Number),
        _ => throw new NotSupportedException($"{field.FullName} has a type this sample does not know yet."),
    };
}
