using System.Diagnostics;
using System.Text.Json.Nodes;
using Gateway.EndToEndTests.Support;
using Gateway.Model;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>The operator's page in a real browser.</summary>
public sealed class DashboardTests(DashboardTests.Desk desk) : IClassFixture<DashboardTests.Desk>
{
    /// <summary>Where pictures of the page are left for people to look at; unset: nowhere.</summary>
    private static readonly string? Pictures = Environment.GetEnvironmentVariable("SCREENSHOTS");

    [Fact, Trait("adv", "R9")]
    public async Task The_page_shows_what_happens_as_it_happens_and_asks_nobody_but_its_node()
    {
        using var work = new TemporaryDirectory();
        await using var resolver = new DelegatingResolver(DomainName.Parse("ns1.gw.test"));
        await using var node = await RunningNode.StartAsync(work.File("state"), "--reconciler-resolvers", resolver.At.ToString()!, "--router-allowed-networks", "127.0.0.0/8");
        var browser = await desk.BeginAsync();
        var token = (await File.ReadAllTextAsync(work.File("state/admin.token"), TestContext.Current.CancellationToken)).Trim();
        await browser.GoAsync($"http://{node.Admin}/#token={token}");
        await browser.UntilAsync("document.querySelector('#summary')?.textContent === 'Everything serves'", "the page shows that everything serves");
        Assert.Equal("", (string?)await browser.ValueAsync("location.hash"));
        await browser.UntilAsync("document.querySelector('#zones .chip.good')?.textContent === 'delegated here'", "the zone is shown as delegated");

        var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
        var secret = await alice.ReserveTunnelAsync("hello.gw.test");
        await IsShownWithinASecondAsync(browser, "[...document.querySelectorAll('#reservations .name')].filter(it => it.textContent === 'hello.gw.test').length === 2");
        await browser.UntilAsync("document.querySelector('#routes tr.down .chip.bad')?.textContent === 'down'", "a tunnel without a client is down");

        await using var site = new ByteServer(200_000, 1_000_000);
        await using (var client = alice.Expose(site.Address, secret))
        {
            await browser.UntilAsync("document.querySelector('#routes .chip.good')?.textContent === 'up' && !document.querySelector('#routes tr.down')", "the tunnel is up");
            await VisitAsync(node, "hello.gw.test");
            await browser.UntilAsync("!document.querySelector('#routes td.moved').classList.contains('idle')", "its traffic is shown");
            await browser.UntilAsync("document.querySelector('#figures .figure:nth-child(4) strong').textContent.startsWith('1')", "one host is up");
        }

        await browser.UntilAsync("document.querySelector('#routes tr.down td.name')?.textContent === 'hello.gw.test'", "the killed tunnel is down");
        Assert.Equal(await ColourAsync(browser), (string?)await browser.ValueAsync("getComputedStyle(document.querySelector('#routes tr.down .chip')).backgroundColor"));

        await SearchAsync(browser);
        await alice.MustAsync("delete", "--all");
        await browser.UntilAsync("document.querySelectorAll('#reservations li.gone').length === 2 && document.querySelectorAll('#routes tr .name').length === 0", "what was deleted is shown as gone");
        Assert.Empty(browser.Complaints);
        Assert.All(browser.Requests, url => Assert.StartsWith($"http://{node.Admin}/", url, StringComparison.Ordinal));
        Assert.DoesNotContain(browser.Requests, url => url.Contains(token, StringComparison.Ordinal));
    }

    [Fact, Trait("adv", "R9")]
    public async Task Whatever_a_tenant_or_a_log_line_says_is_text_and_no_markup()
    {
        const string evil = "<img src=x onerror=document.title='taken'><script>document.title='taken'</script>";
        using var work = new TemporaryDirectory();
        await using var redis = await RedisServer.StartAsync(work.File("redis"));
        await using var node = await RunningNode.StartAsync(work.File("state"), "--redis", redis.Url);
        // No API lets such names in; a hand in Redis, or a defect, does.
        await redis.CommandAsync("HSET", "zone", evil, "not json " + evil);
        await redis.CommandAsync("HSET", "tfgateway_reservations", "7-1", new JsonObject { ["bad"] = evil }.ToJsonString());
        await redis.CommandAsync("SET", "/tcprouter/service/evil.gw.test", new JsonObject { ["Key"] = evil, ["Value"] = evil }.ToJsonString());
        await redis.CommandAsync("HSET", "gw.test.", "evil", evil);
        var browser = await desk.BeginAsync();
        var token = (await File.ReadAllTextAsync(work.File("state/admin.token"), TestContext.Current.CancellationToken)).Trim();
        await browser.GoAsync($"http://{node.Admin}/#token={token}");
        await browser.UntilAsync("document.querySelectorAll('#troubles .chip').length > 0 && document.querySelector('#routes tr.down')", "the fault is shown");
        await browser.UntilAsync("document.querySelector('#troubles .cure')?.textContent.length > 10", "what to do stands beside it");
        // Straight through what builds every line of the page.
        await browser.ValueAsync($$"""
            (() => {
              const evil = {{JsonValue.Create(evil)!.ToJsonString()}};
              state.reservations = [{ id: evil, kind: evil, name: evil, user: evil, created: '2026-01-01T00:00:00Z', decided: '2026-01-01T00:00:00Z', state: 'refused', message: evil }];
              state.zones = [{ zone: evil, owner: evil, names: 1, delegation: 'missing' }];
              state.routes = [{ host: evil, kind: 'address', to: evil, user: evil }];
              state.troubles = [{ at: '2026-01-01T00:00:00Z', level: 'error', part: evil, text: evil, cure: evil, event: 1 }];
              showLists();
            })()
            """);
        Assert.True((int)(await browser.ValueAsync("document.body.textContent.split('<img src=x').length"))! > 6);
        Assert.Equal(0, (int)(await browser.ValueAsync("document.querySelectorAll('main img, main script').length"))!);
        Assert.EndsWith("Gateway", (string)(await browser.ValueAsync("document.title"))!, StringComparison.Ordinal);
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task A_busy_day_can_be_read_on_a_desk_and_on_a_phone_by_day_and_by_night()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var browser = await desk.BeginAsync();
        var token = (await File.ReadAllTextAsync(work.File("state/admin.token"), TestContext.Current.CancellationToken)).Trim();
        await browser.GoAsync($"http://{node.Admin}/#token={token}");
        await browser.UntilAsync("document.querySelector('#summary')?.textContent === 'Everything serves'", "the page stands");
        await browser.ValueAsync(await ScriptAsync("DashboardBusyDay.js"));
        foreach (var (name, width, height, isDark, scale) in new[] { ("desk-day", 1440, 1500, false, 1), ("desk-night", 1440, 1500, true, 1), ("tablet-day", 820, 1180, false, 1), ("phone-day", 390, 844, false, 2), ("phone-night", 390, 3400, true, 2) })
        {
            var picture = await browser.PictureAsync(width, height, isDark, scale);
            Assert.Equal([], (await browser.ValueAsync($"{await ScriptAsync("DashboardLooks.js")}({width})"))!.AsArray().Select(fault => $"{name}: {fault}"));
            await SaveAsync(name, picture);
        }

        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task A_page_without_the_token_asks_for_it_and_one_whose_node_is_gone_says_so()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var browser = await desk.BeginAsync();
        await browser.GoAsync($"http://{node.Admin}/");
        await browser.UntilAsync("document.activeElement?.id === 'token' && document.querySelector('#main').hidden", "the page asks for the token");
        await browser.ValueAsync("document.querySelector('#token').value = 'wrong', document.querySelector('#login button').click()");
        await browser.UntilAsync("document.querySelector('#denied').textContent.includes('not the token')", "a wrong token is refused");
        await SaveAsync("login", await browser.PictureAsync(1000, 700, isDark: false));
        var token = (await File.ReadAllTextAsync(work.File("state/admin.token"), TestContext.Current.CancellationToken)).Trim();
        await browser.ValueAsync($"document.querySelector('#token').value = '{token}', document.querySelector('#login button').click()");
        await browser.UntilAsync("!document.querySelector('#main').hidden", "the token opens it");
        await node.StopAsync();
        await browser.UntilAsync("!document.querySelector('#lost').hidden && document.querySelector('#summary').className === 'pill bad'", "the page says that the node is gone");
    }

    /// <summary>One browser for all tests.</summary>
    public sealed class Desk : IAsyncLifetime
    {
        private Browser? _browser;

        public async ValueTask InitializeAsync() => _browser = await Browser.StartAsync();

        public ValueTask DisposeAsync() => _browser?.DisposeAsync() ?? ValueTask.CompletedTask;

        internal async Task<Browser> BeginAsync()
        {
            // The page of the test before still looks for its node.
            await _browser!.GoAsync("about:blank");
            await _browser.UntilAsync("location.href === 'about:blank'", "the page before is gone");
            _browser.Requests.Clear();
            _browser.Complaints.Clear();
            return _browser;
        }
    }

    private static async Task SearchAsync(Browser browser)
    {
        await browser.PressAsync("/");
        Assert.Equal("search", (string?)await browser.ValueAsync("document.activeElement.id"));
        foreach (var letter in "nosuch") await browser.PressAsync(letter.ToString());
        await browser.UntilAsync("document.querySelector('#routes .empty') && document.querySelector('#reservations .empty')", "nothing fits the search");
        await browser.PressAsync("Escape");
        await browser.UntilAsync("document.querySelectorAll('#reservations .name').length === 2", "the search is over");
        await browser.PressAsync("2");
        Assert.Equal("s-reservations", (string?)await browser.ValueAsync("document.activeElement.closest('section')?.id"));
        await browser.PressAsync("?");
        Assert.True((bool)(await browser.ValueAsync("document.querySelector('#help').open"))!);
        await browser.PressAsync("Escape");
        await browser.UntilAsync("!document.querySelector('#help').open", "the keys are closed");
    }

    /// <summary>From the end of the command on: the page had the same second that the user had.</summary>
    private static async Task IsShownWithinASecondAsync(Browser browser, string expression)
    {
        var watch = Stopwatch.StartNew();
        await browser.UntilAsync(expression, "the reservation is shown");
        TestContext.Current.TestOutputHelper?.WriteLine($"shown {watch.ElapsedMilliseconds} ms after the command ended");
    }

    private static async Task<string?> ColourAsync(Browser browser) =>
        (string?)await browser.ValueAsync("(() => { const it = document.createElement('i'); it.style.color = 'var(--bad)'; document.body.append(it); const found = getComputedStyle(it).color; it.remove(); return found; })()");

    private static async Task VisitAsync(RunningNode node, string host)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://{node.Http}/"));
        request.Headers.Host = host;
        using var answer = await client.SendAsync(request);
    }

    private static Task<string> ScriptAsync(string name) => File.ReadAllTextAsync(Path.Combine(Programs.Root, "tests", "Gateway.EndToEndTests", name), TestContext.Current.CancellationToken);

    private static async Task SaveAsync(string name, byte[] picture)
    {
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], picture[..4]);
        if (Pictures is not null) await File.WriteAllBytesAsync(Path.Combine(Pictures, name + ".png"), picture);
    }
}
