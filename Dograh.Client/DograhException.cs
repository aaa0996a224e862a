namespace Dograh.Client;

/// <summary>A call that did not succeed.</summary>
public abstract class DograhException(string message, Exception? innerException = null) : Exception(message, innerException);
