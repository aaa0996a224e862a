namespace Dograh.WebConsole.Charts;

/// <summary>One line, or one layer of the bars, of a chart.</summary>
/// <param name="Name">What it is called in the legend and the table.</param>
/// <param name="Style">The class that gives it its colour, and its pattern or dashes.</param>
/// <param name="Values">One for each bucket; null where there is nothing to tell.</param>
public sealed record ChartSeries(string Name, string Style, IReadOnlyList<double?> Values);

/// <summary>A column more in what is read off a chart, for what is not drawn.</summary>
/// <param name="Name">Its heading.</param>
/// <param name="Text">What it says of a bucket.</param>
public sealed record ChartColumn(string Name, Func<int, string> Text);
