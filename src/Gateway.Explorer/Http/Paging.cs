using System.Globalization;

namespace Gateway.Explorer.Http;

/// <summary>A page of a list: `page` from 1, `size` 100 unless told, at most 1000.</summary>
/// <param name="Number">1, 2 …</param>
/// <param name="Size">Elements of a full page.</param>
internal readonly record struct Paging(int Number, int Size)
{
    private const int DefaultSize = 100;

    private const int MaxSize = 1000;

    /// <summary>Elements before the page.</summary>
    public long Skip => (long)(Number - 1) * Size;

    /// <summary>Reads a query; absent and zero parameters have their defaults. The fault is fit for the sender.</summary>
    public static bool TryRead(ApiCall call, out Paging paging, out string fault)
    {
        paging = default;
        if (!TryNumber(call.Query("page"), 1, out var page) || !TryNumber(call.Query("size"), DefaultSize, out var size))
        {
            fault = "page and size are numbers from 1 on";
            return false;
        }

        (paging, fault) = (new Paging(page, Math.Min(size, MaxSize)), "");
        return true;
    }

    /// <summary>The header that says how many pages there are for so many elements.</summary>
    public (string Name, string Value) Pages(long elements) => ("Pages", ((elements + Size - 1) / Size).ToString(CultureInfo.InvariantCulture));

    private static bool TryNumber(string text, int absent, out int number)
    {
        number = absent;
        if (text.Length == 0) return true;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number)) return false;
        if (number == 0) number = absent;
        return true;
    }
}
