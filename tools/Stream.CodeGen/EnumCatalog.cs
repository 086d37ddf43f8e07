using GetStream.CodeGen.Spec;

namespace GetStream.CodeGen;

/// <summary>
/// Finds the sets of permitted texts in the description and gives each its C# type; equal sets share one.
/// </summary>
internal sealed class EnumCatalog
{
    /// <summary>Names for the sets that several places share, by their sorted values.</summary>
    private static readonly Dictionary<string, string> s_names = new()
    {
        ["auto-on,available,disabled"] = "FeatureMode",
        ["all,none"] = "NotificationLevel",
        ["block,flag,shadow_block"] = "BlocklistBehavior",
        ["block,flag"] = "FlagOrBlock",
        ["followers,members,private,public,visible"] = "FeedVisibility",
        ["all,all_mentions,direct_mentions,mentions,none"] = "ChannelPushLevel",
        ["AI,disabled,simple"] = "AutomodMode",
        ["hard,pruning,soft"] = "ContentDeletion",
        ["hard,soft"] = "Deletion",
        ["composite,individual,raw"] = "RecordingType",
        ["bounce,bounce_flag,bounce_remove,flag,remove,shadow"] = "AutomodAction",
        ["private,public,tag"] = "ActivityVisibility",
        ["everyone,nobody,people_i_follow"] = "ReplyRestriction",
        ["apn,firebase,huawei,xiaomi"] = "PushProviderType",
        ["abs,gcs,s3"] = "StorageType",
        ["screenshare,send-audio,send-video"] = "CallPermission",
        ["earpiece,speaker"] = "AudioDevice",
        ["accepted,pending,rejected"] = "FollowStatus",
        ["custom,grid,mobile,single-participant,spotlight"] = "LayoutName",
        ["best,controversial,first,last,top"] = "CommentSort",
        ["back,external,front"] = "CameraFacing",
        ["current_feed,follow_suggestion,following,interest,popular,proximity,query"] = "ActivitySelectorType",
        ["active,deleted,hidden,removed,shadow_blocked"] = "CommentStatus",
        ["exclude,include"] = "CampaignSenderMode",
        ["archived,hidden"] = "CampaignSenderVisibility",
        ["anonymous,public"] = "VotingVisibility",
        ["QueryChannels"] = "PredefinedFilterOperation",
        ["channel,user"] = "UserOrChannel",
        ["inactive-channels,old-messages"] = "RetentionPolicyType",
        ["h264,vp8"] = "IngressVideoCodec",
        ["all,default,none"] = "PushPreferenceLevel",
        ["ban,flag,remove,shadow"] = "VelocityFilterAction",
        ["ar,auto,bg,ca,cs,da,de,el,en,es,et,fi,fr,"
            + "he,hi,hr,hu,id,it,ja,ko,ms,nl,no,pl,pt,ro,ru,sk,sl,sv,ta,th,tl,tr,uk,zh"] = "TranscriptionLanguage",
        ["1080p,1440p,360p,480p,720p"] = "FrameRecordingQuality",
        ["1080p,1440p,360p,480p,720p,portrait-1080x1920,portrait-1440x2560,portrait-360x640,portrait-480x854,portrait-720x1280"] =
            "VideoQuality",
    };

    private readonly Dictionary<string, string> _nameByKey = [];
    private readonly SortedDictionary<string, IReadOnlyList<string>> _valuesByName = new(StringComparer.Ordinal);

    public EnumCatalog(ApiSpec spec, IEnumerable<SpecOperation> operations)
    {
        foreach (var type in spec.Types.Values.Where(type => type.EnumValues.Count > 0))
        {
            _valuesByName.Add(Naming.Type(type.Name), type.EnumValues);
        }

        foreach (var type in spec.Types.Values.OrderBy(type => type.Name, StringComparer.Ordinal))
        {
            foreach (var field in type.Fields)
            {
                Add(field.Type, field.Constraints, Naming.Type(type.Name) + Naming.Pascal(field.Name), spec);
            }
        }

        foreach (var operation in operations)
        {
            foreach (var parameter in operation.PathParameters.Concat(operation.QueryParameters))
            {
                var name = Naming.Pascal(operation.Id) + Naming.Pascal(parameter.Name);
                Add(parameter.Type, parameter.Constraints, name, spec);
            }
        }
    }

    /// <summary>The values of each type by its C# name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Types => _valuesByName;

    /// <summary>The type to use at a place, or null where any text is allowed.</summary>
    public string? NameFor(TypeReference type, SpecConstraints constraints)
    {
        while (type.Element is { } element)
        {
            type = element;
        }

        return type.Kind switch
        {
            TypeKind.Named when _valuesByName.ContainsKey(Naming.Type(type.Name)) => Naming.Type(type.Name),
            TypeKind.String when constraints.EnumValues.Count > 0 => _nameByKey[Key(constraints.EnumValues)],
            _ => null,
        };
    }

    private void Add(TypeReference type, SpecConstraints constraints, string fallback, ApiSpec spec)
    {
        var text = type.Kind is TypeKind.String || type.Element?.Kind is TypeKind.String;
        if (!text || constraints.EnumValues.Count is 0 || _nameByKey.ContainsKey(Key(constraints.EnumValues)))
        {
            return;
        }

        var name = s_names.GetValueOrDefault(Key(constraints.EnumValues), fallback);
        if (spec.Types.ContainsKey(name) || _valuesByName.ContainsKey(name))
        {
            name += "Value";
        }

        _nameByKey.Add(Key(constraints.EnumValues), name);
        _valuesByName.Add(name, constraints.EnumValues);
    }

    private static string Key(IEnumerable<string> values) => string.Join(',', values.Order(StringComparer.Ordinal));
}
