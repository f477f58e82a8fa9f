using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>The programs that people have: openssl and curl.</summary>
public sealed class RealVisitorsTests
{
    private const string Name = "hello.gw.test";

    [Fact]
    public async Task Openssl_sees_the_certificate_of_the_container_behind_the_tunnel()
    {
        using var certificate = SelfSigned();
        await using var container = TlsPage(certificate);
        await using var router = new RouterHarness();
        router.Tunnel(Name, "7:hush");
        await using var tunnel = await TunnelClient.ConnectAsync(router, "7:hush", container.EndPoint);
        await router.LineAsync("is up");
        var seen = await RunAsync("openssl", "", "s_client", "-connect", router.Tls.ToString(), "-servername", Name, "-tls1_3");
        using var shown = X509Certificate2.CreateFromPem(seen);
        Assert.Equal(certificate.Thumbprint, shown.Thumbprint);
    }

    [Fact]
    public async Task Openssl_is_told_that_a_name_is_unknown()
    {
        await using var router = new RouterHarness();
        var seen = await RunAsync("openssl", "", "s_client", "-connect", router.Tls.ToString(), "-servername", "nobody.example");
        Assert.Contains("unrecognized name", seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Curl_fetches_a_page_by_server_name_and_by_host()
    {
        using var certificate = SelfSigned();
        await using var container = TlsPage(certificate);
        await using var web = await WebUpstream.SayAsync("plain page");
        await using var router = new RouterHarness();
        router.Dial(Name, container.EndPoint);
        router.Dial("plain.gw.test", web.EndPoint);
        var tls = await RunAsync("curl", "", "-sSk", "--noproxy", "*", "--resolve", $"{Name}:{router.Tls.Port}:127.0.0.1", $"https://{Name}:{router.Tls.Port}/");
        Assert.Equal("secure page", tls.Trim());
        var plain = await RunAsync("curl", "", "-sS", "--noproxy", "*", "--resolve", $"plain.gw.test:{router.Http.Port}:127.0.0.1", $"http://plain.gw.test:{router.Http.Port}/");
        Assert.Equal("plain page", plain.Trim());
        var mistaken = await RunAsync("curl", "", "-sS", "--noproxy", "*", $"http://{router.Tls}/");
        Assert.Contains("speaks TLS", mistaken, StringComparison.Ordinal);
    }

    [Fact]
    public async Task H2load_speaks_HTTP_2_with_nginx_through_the_TLS_port_and_no_request_fails()
    {
        using var certificate = SelfSigned();
        var files = Directory.CreateTempSubdirectory("gateway-certificate-").FullName;
        await File.WriteAllTextAsync(Path.Combine(files, "cert.pem"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(files, "key.pem"), certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        var tls = new IPEndPoint(IPAddress.Parse("127.83.0.1"), 8443);
        await using var nginx = await BackgroundPeer.NginxAsync(
            $$"""
            http {
              access_log off;
              server { listen {{tls}} ssl http2; ssl_certificate {{files}}/cert.pem; ssl_certificate_key {{files}}/key.pem; location / { return 200 "hello"; } }
            }
            """, tls);
        await using var router = new RouterHarness();
        router.Dial(Name, tls);
        var output = await RunAsync("h2load", "", "-n", "5000", "-c", "20", "-m", "10", $"--connect-to={router.Tls}", $"https://{Name}/");
        Directory.Delete(files, recursive: true);
        Assert.Contains("Application protocol: h2", output, StringComparison.Ordinal);
        Assert.Contains("5000 succeeded, 0 failed, 0 errored, 0 timeout", output, StringComparison.Ordinal);
    }

    [Theory, Trait("adv", "H5")]
    [InlineData("-H")]
    [InlineData("-B")]
    public async Task Slowhttptest_loses_all_its_connections_while_others_are_served(string mode)
    {
        var page = new string('x', 4 * 1024 * 1024);
        await using var web = await WebUpstream.SayAsync(page);
        await using var router = new RouterHarness(options => options.HelloTimeout = TimeSpan.FromSeconds(1));
        router.Put("*", new Model.Routes.Target.Dial("127.0.0.1", web.EndPoint.Port, 0));
        var attack = RunAsync("slowhttptest", "", [mode, "-c", "200", "-r", "200", "-i", "10", "-l", "60", "-p", "30", "-u", $"http://{router.Http}/"]);
        using var client = router.Client();
        do
        {
            Assert.Equal(page.Length, (await client.GetStringAsync(new Uri("http://a.example/"))).Length);
            await Task.WhenAny(attack, Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System));
        }
        while (!attack.IsCompleted);
        Assert.Contains("No open connections left", await attack, StringComparison.Ordinal);
    }

    private static Upstream TlsPage(X509Certificate2 certificate) => new(async (socket, stop) =>
    {
        await using var tls = new SslStream(new NetworkStream(socket));
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, stop);
        await tls.ReadAtLeastAsync(new byte[4096], 1, throwOnEndOfStream: false, stop);
        await tls.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\nsecure page\n"u8.ToArray(), stop);
        await tls.ShutdownAsync();
    });

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={Name}", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }

    private static async Task<string> RunAsync(string program, string input, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = new StringBuilder();
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(90), TimeProvider.System);
        await process.WaitForExitAsync(deadline.Token);
        lock (output) return output.ToString();

        void Append(string? line)
        {
            lock (output) output.AppendLine(line);
        }
    }
}
