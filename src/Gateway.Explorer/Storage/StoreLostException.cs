namespace Gateway.Explorer.Storage;

/// <summary>Redis counts lower than numbers were given out: what is new would take the place of what was lost. Ends as one clear 503.</summary>
internal sealed class StoreLostException(string what) : Exception(what);
