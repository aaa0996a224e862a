using Dograh.Client;
using Dograh.WebConsole.Components;

namespace Dograh.WebConsole.Bins;

/// <summary>Bins and what they got, in words.</summary>
internal static class BinWords
{
    /// <summary>What a bin will answer: <c>fails 2 more with 503, then answers 200, after 5.0 s</c>.</summary>
    public static string Describe(Bin bin)
    {
        var then = $"answers {bin.Status}";
        var text = bin.FailTimes > 0 ? $"fails {bin.FailTimes} more with {bin.FailStatus}, then {then}" : then;
        return bin.DelayMs > 0 ? $"{text}, each after {Spans.Short(TimeSpan.FromMilliseconds(bin.DelayMs))}" : text;
    }

    /// <summary>What is lost with a bin.</summary>
    public static string WhatDeletingDoes(Bin bin) => $"Its address stops answering, so that webhooks to it fail, and what “{bin.Name}” has recorded is lost.";

    /// <summary>What came of verifying a signature.</summary>
    public static string Signature(string verdict) => verdict switch
    {
        "valid" => "signature verified",
        "header_missing" => "not signed",
        "signature_wrong" => "signature wrong",
        "timestamp_too_old" => "signed too long ago",
        "timestamp_too_new" => "signed in the future",
        "timestamp_malformed" => "timestamp malformed",
        "not_checked" => "signature not checked",
        _ => verdict,
    };

    /// <summary>How that verdict looks.</summary>
    public static string SignatureState(string verdict) => verdict switch
    {
        "valid" => "succeeded",
        "header_missing" or "not_checked" => "",
        _ => "dead-letter",
    };
}
