using StreamGateway.Connections;
using StreamGateway.Server;

namespace StreamGateway.Tests.Server;

public sealed class DescriptorBudgetTests
{
    [Theory]
    [InlineData(1_024)]
    [InlineData(4_096)]
    [InlineData(20_000)]
    [InlineData(65_536)]
    public void All_shares_together_fit_the_limit(int limit)
    {
        var budget = new DescriptorBudget(limit, wantedConnections: null, wantedSessions: 500);

        var shares = (budget.Sessions * DescriptorBudget.PerSession) + budget.Connections + budget.Upstream + budget.EmbeddedConnections;
        // Beside its bound each listener holds a sixteenth for those that come and go.
        var passing = Math.Clamp(budget.Connections / 16, 4, 256) + Math.Clamp(budget.EmbeddedConnections / 16, 4, 256);
        Assert.True(OpenFiles.Own + shares + passing <= limit, $"{shares} of {limit}");
        Assert.True(budget.Readers + budget.Listeners < budget.Connections);
    }

    [Fact]
    public void A_limit_too_low_for_the_settings_is_told_with_numbers()
    {
        var budget = new DescriptorBudget(limit: 1_024, wantedConnections: null, wantedSessions: 500);

        Assert.Equal(
            "The process may have 1024 open files: enough for 33 of 500 sessions and 150 connections. The settings need 10360: raise "
            + "the limit (ulimit -n, LimitNOFILE, --ulimit nofile) or lower them.",
            budget.Shortage());
    }

    [Fact]
    public void A_limit_that_holds_the_settings_is_not_told() =>
        Assert.Null(new DescriptorBudget(limit: 20_000, wantedConnections: null, wantedSessions: 500).Shortage());
}
