export interface RedisConfig {
  readonly url: string;
  /** Of all keys and channels. */
  readonly prefix: string;
}
