namespace Gateway.Cli.Expose;

/// <summary>A gateway took the connection and did not answer in time.</summary>
internal sealed class SilentGatewayException(string message) : IOException(message);
