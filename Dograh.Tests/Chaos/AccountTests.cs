using Dograh.Chaos.Accounts;
using Dograh.Chaos.Load;

namespace Dograh.Tests.Chaos;

/// <summary>The account that ends a chaos run sees each way in which the promise can be broken.</summary>
public sealed class AccountTests
{
    private static readonly Guid Id = Guid.Parse("0198c0de-7b1e-7c55-b1d4-2f6d1c0e9a11");

    private readonly Ledger _ledger = new();
    private readonly Dictionary<Guid, IReadOnlyList<Receipt>> _receipts = [];

    public AccountTests()
    {
        _ledger.Runs["run-1"] = new SentRun(HasKey: true);
        _ledger.Accept("run-1", Id);
    }

    [Fact]
    public void What_was_received_and_recorded_adds_up()
    {
        Received(503, 200);

        var account = AccountOf(Stored("succeeded", 1, 2));

        Assert.Empty(account.Wrong);
        Assert.Equal((1, 1, 0, 0, 0), (account.Accepted, account.Succeeded, account.DeadLettered, account.Cancelled, account.Duplicates));
    }

    [Fact]
    public void A_delivery_that_was_accepted_and_is_not_there_is_seen() => IsWrong(AccountOf(), "was accepted with a 2xx and is not there");

    [Fact]
    public void A_delivery_that_has_not_ended_is_seen() => IsWrong(AccountOf(Stored("pending")), "has not ended");

    [Fact]
    public void A_success_that_nobody_received_is_seen()
    {
        Received(503);

        IsWrong(AccountOf(Stored("succeeded", 1)), "no receiver has answered 2xx");
    }

    [Fact]
    public void A_dead_letter_that_was_received_is_seen()
    {
        Received(503, 200);

        IsWrong(AccountOf(Stored("dead_letter", 1, 2)), "but its receiver has answered 2xx");
    }

    [Fact]
    public void More_duplicates_than_were_in_flight_are_seen()
    {
        _receipts[Id] = [new Receipt(1, "body"), new Receipt(1, "body") { IsAccepted = true }];

        Assert.Empty(AccountOf(mostDuplicates: 1, Stored("succeeded", 1)).Wrong);
        IsWrong(AccountOf(mostDuplicates: 0, Stored("succeeded", 1)), "1 duplicates, but only 0");
    }

    [Fact]
    public void Attempts_with_a_gap_or_beyond_the_maximum_are_seen()
    {
        Received(200);

        IsWrong(AccountOf(Stored("succeeded", 1, 3)), "but logged are 1, 3");
        IsWrong(AccountOf(Stored("succeeded", 1, 2, 3, 4, 5, 6, 7)), "7 attempts of 6");
    }

    [Fact]
    public void Another_body_at_another_attempt_is_seen()
    {
        _receipts[Id] = [new Receipt(1, "body"), new Receipt(2, "another") { IsAccepted = true }];

        IsWrong(AccountOf(Stored("succeeded", 1, 2)), "its body was not the same");
    }

    [Fact]
    public void A_run_that_is_there_twice_is_seen()
    {
        Received(200);

        IsWrong(AccountOf(Stored("succeeded", 1), Stored("cancelled") with { Id = Guid.Empty }), "run-1: was stored 2 times");
    }

    [Fact]
    public void A_run_with_a_key_that_was_never_taken_in_is_seen()
    {
        Received(200);
        _ledger.Runs["run-2"] = new SentRun(HasKey: true);
        _ledger.Runs["run-3"] = new SentRun(HasKey: false);

        IsWrong(AccountOf(Stored("succeeded", 1)), "run-2: was sent again and again");
    }

    [Fact]
    public void An_odd_answer_is_seen()
    {
        Received(200);
        _ledger.OddAnswers.Enqueue("500");

        IsWrong(AccountOf(Stored("succeeded", 1)), "odd answer: 500");
    }

    private static void IsWrong(Account account, string what) => Assert.Contains(what, Assert.Single(account.Wrong), StringComparison.Ordinal);

    private static StoredDelivery Stored(string status, params int[] attempts) => new(Id, status, "run-1", attempts.Length, 6, attempts, LastError: null);

    private void Received(params int[] statusCodes) =>
        _receipts[Id] = [.. statusCodes.Select((statusCode, i) => new Receipt(i + 1, "body") { IsAccepted = statusCode == 200 })];

    private Account AccountOf(params StoredDelivery[] stored) => AccountOf(0, stored);

    private Account AccountOf(int mostDuplicates, params StoredDelivery[] stored) => Account.Of(_ledger, stored, _receipts, mostDuplicates);
}
