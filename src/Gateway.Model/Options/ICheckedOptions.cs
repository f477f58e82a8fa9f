namespace Gateway.Model.Options;

/// <summary>One section of the configuration: a class whose properties carry <see cref="OptionAttribute"/>.</summary>
public interface ICheckedOptions
{
    /// <summary>Every fault that the single properties cannot show, each with a sentence that says what to do. None when all is well.</summary>
    IEnumerable<OptionFault> Faults();
}
