/** A setting that breaks its rule; the message is the one line a user needs. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}
