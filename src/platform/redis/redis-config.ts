/** Where instances find each other, and what all keys there begin with. */
export interface RedisConfig {
  readonly url: string;
  readonly prefix: string;
}
