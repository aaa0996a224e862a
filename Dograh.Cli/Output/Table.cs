using Spectre.Console;
using Spectre.Console.Rendering;

namespace Dograh.Cli.Output;

/// <summary>Rows of values under names: for a terminal cut to its width, for a pipe as they are.</summary>
/// <param name="columns">The columns.</param>
internal sealed class Table(params Column[] columns)
{
    private readonly List<IReadOnlyList<Cell>> _rows = [];

    /// <summary>The rows.</summary>
    public IReadOnlyList<IReadOnlyList<Cell>> Rows => _rows;

    /// <summary>Adds a row.</summary>
    public void Add(params Cell[] cells) => _rows.Add(cells);

    /// <summary>As a terminal shows it.</summary>
    public IRenderable ToRenderable()
    {
        var table = new Spectre.Console.Table().Border(TableBorder.None).Collapse();
        foreach (var column in columns)
        {
            var header = new TableColumn(new Text(column.Name, new Style(decoration: Decoration.Dim))) { NoWrap = !column.CanBeCut, Padding = new Padding(0, 0, 2, 0) };
            if (column.IsNumber) header.RightAligned();
            table.AddColumn(header);
        }

        foreach (var row in _rows)
        {
            table.AddRow(row.Select((cell, i) => new Text(SafeText.Line(cell.Text), cell.Style) { Overflow = columns[i].CanBeCut ? Overflow.Ellipsis : Overflow.Crop }));
        }

        return table;
    }
}

/// <summary>A column.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsNumber">Whether it is read from the right.</param>
/// <param name="CanBeCut">Whether it gives way where the terminal is narrow.</param>
internal sealed record Column(string Name, bool IsNumber = false, bool CanBeCut = false);

/// <summary>A value.</summary>
internal sealed record Cell(string Text, Style? Style = null)
{
    public static implicit operator Cell(string text) => new(text);
}
