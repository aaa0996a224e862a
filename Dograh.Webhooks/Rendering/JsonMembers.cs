using System.Text.Json;

namespace Dograh.Webhooks.Rendering;

/// <summary>Reads a JSON object as a dictionary: of members with the same name the last value counts, at the first one's position.</summary>
internal static class JsonMembers
{
    /// <summary>The members of an object, each name once.</summary>
    public static OrderedDictionary<string, JsonElement> Of(JsonElement jsonObject)
    {
        var members = new OrderedDictionary<string, JsonElement>(jsonObject.GetPropertyCount());
        foreach (JsonProperty member in jsonObject.EnumerateObject())
            members[JsonText.NameOf(member)] = member.Value;

        return members;
    }
}
